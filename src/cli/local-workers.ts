// The workers of a ring on one machine: processes of this same command, each with the invitation in
// its environment, where no other user can read it. They end when their master's link does, so none is
// ever left behind, however the master ends.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';

import type { LinkShape } from '../transport/shaped.ts';
import type { EngineOptions } from './engine-options.ts';
import { formatLink } from './link-flag.ts';
import { mainFile, nodeFlags } from './own-command.ts';
import { workerVariable } from './places.ts';
import type { Replicas } from './worker-copies.ts';

export const invitationVariable = 'RINGTMP_INVITATION';

/** How long a worker may take to end by itself. */
const graceMilliseconds = 3000;
/** How long the end of a worker's link may come after that of its process. */
const linkMilliseconds = 500;

export interface LocalWorkerOptions {
  readonly engine: EngineOptions;
  /** What their links are slowed down to. */
  readonly link?: LinkShape;
  /** How long one that lost its ring knocks again; not at all unless it says so. */
  readonly waitSeconds?: number;
}

export class LocalWorkers {
  readonly #processes: ChildProcess[] = [];
  readonly #exits: Promise<void>[] = [];
  #closing = false;

  /**
   * One for each of `entrances`: what to put before its command, so that it runs elsewhere. `lost` is told
   * when a worker ends with an error before it was asked to end.
   */
  constructor(
    entrances: readonly (readonly string[])[],
    invitation: string,
    { engine: { kind = 'auto', threads = 1 }, link, waitSeconds = 0 }: LocalWorkerOptions,
    replicas: Replicas,
    lost: (reason: string) => void,
  ) {
    const engine = ['--engine', kind, '--threads', String(threads)];
    const flags = [
      'join',
      '--quiet',
      '--wait',
      String(waitSeconds),
      '--replicas',
      replicas,
      ...engine,
    ];
    if (link) flags.push('--link', formatLink(link));
    for (const [at, entrance] of entrances.entries()) {
      const command = [...entrance, process.execPath, ...nodeFlags, mainFile, ...flags];
      const child = spawn(command[0]!, command.slice(1), {
        env: {
          ...process.env,
          [invitationVariable]: invitation,
          [workerVariable]: String(at + 1),
        },
        stdio: ['ignore', 'ignore', 'pipe'],
        // Ctrl-C is for the master, which ends the ring in order.
        detached: process.platform !== 'win32',
      });
      let said = '';
      child.stderr.on('data', (chunk: Buffer) => {
        said = (said + chunk.toString()).slice(-4096);
      });
      this.#processes.push(child);
      this.#exits.push(
        new Promise((resolve) => {
          child.on('close', (code, signal) => {
            resolve();
            if (code === 0) return;
            const last = said
              .trim()
              .split('\n')
              .at(-1)!
              .replace(/^ringtmp: /, '');
            const how = signal ? `killed (${signal})` : `exit code ${code}`;
            const tell = (): void => {
              if (!this.#closing) lost(`a local worker ended: ${last || how}`);
            };
            // The end of its link, which names the node, is told first where there was one.
            setTimeout(tell, linkMilliseconds);
          });
          child.on('error', (error) => {
            lost(`a local worker could not be started: ${error.message}`);
            resolve();
          });
        }),
      );
    }
  }

  /** Takes a worker away: for some seconds it stands still; without them it is killed. */
  takeAway(worker: number, seconds?: number): void {
    const child = this.#processes[worker];
    if (seconds === undefined) child?.kill('SIGKILL');
    else {
      child?.kill('SIGSTOP');
      setTimeout(() => child?.kill('SIGCONT'), 1000 * seconds).unref();
    }
  }

  /** Ends them at once, also one that is stopped. */
  kill(): void {
    this.#closing = true;
    for (const child of this.#processes) child.kill('SIGKILL');
  }

  /** Waits until all have ended, and ends those that do not. */
  async close(): Promise<void> {
    this.#closing = true;
    const timer = setTimeout(() => this.kill(), graceMilliseconds);
    await Promise.all(this.#exits);
    clearTimeout(timer);
  }
}
