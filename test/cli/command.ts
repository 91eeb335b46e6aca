// The command line as its user has it: the built `ringtmp`, run as a process of its own.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, expect, vi } from 'vitest';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Waits until stdout matches; fails when the process ends without. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
}

const running = new Set<ChildProcess>();
const folder = mkdtempSync(join(tmpdir(), 'ringtmp-test-'));

afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A path in a folder that is gone after the tests. */
export const inFolder = (name: string): string => join(folder, name);

export function writeTestFile(name: string, content: string | Uint8Array): string {
  writeFileSync(inFolder(name), content);
  return inFolder(name);
}

export function start(...args: readonly string[]): Running {
  const env = {
    ...process.env,
    NODE_OPTIONS: '',
    RINGTMP_DEBUG: '',
    XDG_CACHE_HOME: inFolder('cache'),
  };
  const child = spawn(process.execPath, [main, ...args], { cwd: folder, env });
  running.add(child);
  let [stdout, stderr] = ['', ''];
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code) => {
      running.delete(child);
      resolve({ code, stdout, stderr });
    });
  });
  const said = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(stdout);
        if (match) resolve(match);
      };
      look();
      child.stdout.on('data', look);
      child.on('close', () => reject(new Error(`it ended without ${String(pattern)}: ${stderr}`)));
    });
  return { child, ended, said };
}

export const run = (...args: readonly string[]): Promise<Ended> => start(...args).ended;

/** How a process ended, to hold against `failure`. */
export const outcome = ({ code, stderr }: Ended): { code: number | null; lines: string[] } => ({
  code,
  lines: stderr.trimEnd().split('\n'),
});

/** A command fails by this code, with one line that says so, without a stack. */
export const failure = (code: number, said: RegExp): { code: number; lines: unknown[] } => ({
  code,
  lines: [expect.stringMatching(new RegExp(`^ringtmp: .*(?:${said.source})`))],
});

/** The processes that a process has started (Linux). */
export const childrenOf = ({ pid }: Pick<ChildProcess, 'pid'>): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);

/** Those, and the processes that they have started. */
export function descendantsOf(pid: number): number[] {
  const children = childrenOf({ pid });
  return children.concat(children.flatMap(descendantsOf));
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** The processes that do not end by themselves within seconds. */
export async function survivorsOf(pids: readonly number[]): Promise<readonly number[]> {
  const alive = (): number[] => pids.filter(isAlive);
  return vi.waitUntil(() => alive().length === 0, { timeout: 10_000 }).then(() => [], alive);
}

/** The first invitation of a master that waits, started with --json. */
export async function invitationOf(master: Running): Promise<string> {
  const [, invitation] = await master.said(/"invitations":\["([^"]+)"/);
  return invitation!;
}

/** Four measurements of three kinds of thing, which a small network can tell apart. */
export function table(rows: number): string {
  const lines = Array.from({ length: rows }, (_, row) => {
    const kind = row % 3;
    const wave = (k: number): string => (Math.sin(row * (k + 1.3)) + kind * (k - 1)).toFixed(3);
    return [0, 1, 2, 3].map(wave).concat(['ash', 'birch', 'oak'][kind]!).join(',');
  });
  return `a,b,c,d,tree\n${lines.join('\n')}\n`;
}

export const small = {
  data: { kind: 'csv', file: 'trees.csv', label: 'tree' },
  model: [
    { layer: 'dense', units: 16 },
    { layer: 'relu' },
    { layer: 'dropout', ratio: 0.1 },
    { layer: 'dense', units: 12 },
    { layer: 'relu' },
    { layer: 'dense', units: 8 },
    { layer: 'relu' },
    { layer: 'dense', units: 3 },
  ],
  loss: 'softmaxCrossEntropy',
  optimizer: { kind: 'adam' },
  learningRate: 0.01,
  epochs: 4,
  batch: 32,
  engine: 'wasm',
};

/** Writes a training file over `trees.csv`. */
export function writeTraining(name: string, changes: object = {}): string {
  writeTestFile('trees.csv', table(240));
  return writeTestFile(name, JSON.stringify({ ...small, ...changes }));
}

/** A digest of a run's parameters: equal means equal to the bit. */
export const modelOf = (run: string): string =>
  createHash('sha256')
    .update(readFileSync(join(run, 'model.safetensors')))
    .digest('hex');
