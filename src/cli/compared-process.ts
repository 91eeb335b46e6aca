// A compared run in a process of its own, so that no run finds the memory, the warm code or the garbage
// of the one before it. Parent and child speak over Node's own channel; without its parent a child ends.

import { spawn } from 'node:child_process';

import { openData } from '../data/index.ts';
import { RingError } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import { openPowerSource } from '../power/index.ts';
import type { Run } from '../study/results.ts';
import { comparedRun } from './compared-run.ts';
import type { ComparedRunOptions } from './compared-run.ts';
import type { Session } from './master-session.ts';
import { mainFile, nodeFlags } from './own-command.ts';
import { laboratory } from './places.ts';

/** What the child is to do. Paths in the training are whole. */
export type ComparedRequest = Pick<
  ComparedRunOptions,
  | 'architecture'
  | 'consistency'
  | 'training'
  | 'nodes'
  | 'engine'
  | 'repeat'
  | 'targetAccuracy'
  | 'profile'
  | 'link'
  | 'joining'
  | 'faults'
  | 'copies'
> & {
  /** Of this device, where it has a sensor that can be read. */
  readonly idleWatts?: number;
};

type Told =
  | { readonly type: 'progress'; readonly step: number; readonly steps: number }
  | { readonly type: 'joined'; readonly joined: number; readonly wanted: number }
  | { readonly type: 'run'; readonly run: Run }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly message: string };

export interface ComparedProcess {
  /** Errors: those of the run. */
  readonly ended: Promise<Run>;
  stop(): void;
  /** Ends it at once; its workers end when they miss it. */
  kill(): void;
}

/** What a run tells while it is under way. */
export type ComparedObserver = Pick<ComparedRunOptions, 'progress'> &
  Partial<Pick<ComparedRunOptions, 'joined'>>;

/** Where a run is started: what to put before its command, and what to tell it by its environment. */
export interface Entrance {
  readonly enter: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** Starts a run, here or in a device of a lab. */
export function startComparedProcess(
  request: ComparedRequest,
  observer: ComparedObserver,
  { enter, environment }: Entrance = { enter: [], environment: {} },
): ComparedProcess {
  const command = [...enter, process.execPath, ...nodeFlags, mainFile, 'compared-run'];
  const child = spawn(command[0]!, command.slice(1), {
    env: {
      ...process.env,
      ...environment,
      // There local workers keep theirs.
      ...(request.copies && { XDG_CACHE_HOME: request.copies.folder }),
    },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    // Ctrl-C is for the parent, which passes it on.
    detached: process.platform !== 'win32',
  });
  const ended = new Promise<Run>((resolve, reject) => {
    child.on('message', (told: Told) => {
      if (told.type === 'progress') observer.progress(told.step, told.steps);
      else if (told.type === 'joined') observer.joined?.(told.joined, told.wanted);
      else if (told.type === 'run') resolve(told.run);
      else reject(new RingError(told.code, told.message));
    });
    child.on('error', reject);
    let end: string | undefined;
    // What it told last may come after its end: all has been received when the channel is closed, too.
    const tooEarly = (): void => {
      if (end !== undefined && !child.connected)
        reject(new RingError('NODE_LOST', `the compared run ended too early: ${end}`));
    };
    child.on('disconnect', tooEarly);
    child.on('exit', (code, signal) => {
      end = signal ?? `exit code ${code}`;
      tooEarly();
    });
  });
  child.send(request);
  return {
    ended,
    stop: () => child.connected && child.send('stop'),
    kill: () => child.kill('SIGKILL'),
  };
}

/** The child's side: does what it is sent, and ends. */
export async function serveComparedRun(): Promise<void> {
  let session: Session | undefined;
  let isStopped = false;
  const request = await new Promise<ComparedRequest>((resolve) => {
    process.on('message', (message: ComparedRequest | 'stop') => {
      if (message === 'stop') {
        isStopped = true;
        session?.stop();
      } else resolve(message);
    });
    process.on('disconnect', () => session?.abandon());
  });
  const { training, idleWatts } = request;
  try {
    const data = await openData(training.data, { seed: training.seed, baseFolder: '/' });
    const { source } = laboratory ? {} : await openPowerSource();
    const sensor = source && { source, ...(idleWatts !== undefined && { idleWatts }) };
    const run = await comparedRun({
      ...request,
      data,
      ...(sensor && { sensor }),
      progress: (step, steps) => void tell({ type: 'progress', step, steps }),
      joined: (joined, wanted) => void tell({ type: 'joined', joined, wanted }),
      started(begun) {
        session = begun;
        if (isStopped) session.stop();
        // Whoever wanted it may be gone already.
        if (!process.connected) session.abandon();
      },
    });
    await data.close();
    await tell({ type: 'run', run });
  } catch (error) {
    if (!(error instanceof RingError)) throw error;
    await tell({ type: 'failed', code: error.code, message: error.message });
  } finally {
    process.disconnect();
  }
}

/** Settles when it has left: a process that ends before takes a large message with it. */
async function tell(told: Told): Promise<void> {
  if (process.connected)
    await new Promise((resolve) => process.send!(told, undefined, {}, resolve));
}
