// The few things a lab asks of the operating system. All at once and without waiting for events, so that
// no signal can come between a thing that is made and the note that it is there, and so that a process can
// still tidy up while it exits.

import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter, join } from 'node:path';

import { RingError } from '../errors.ts';
import { deviceCores } from './device.ts';
import { coreFolder, findHierarchies, shareIn } from './groups.ts';
import type { Hierarchies } from './groups.ts';
import { parseLabName, startOf } from './name.ts';
import type { Owner } from './name.ts';
import type { Command } from './network.ts';
import type { Host } from './capacity.ts';

const timeoutMilliseconds = 10_000;

/** What a command puts out. Errors: LAB, in its words. */
export function run([program = '', ...rest]: Command): string {
  try {
    return execFileSync(program, rest, {
      encoding: 'utf8',
      timeout: timeoutMilliseconds,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  } catch (error) {
    const { stderr, message } = error as Error & { readonly stderr?: string };
    const said = stderr?.trim().replaceAll(/\s*\n\s*/g, '; ') || message;
    throw new RingError('LAB', `the lab could not do "${[program, ...rest].join(' ')}": ${said}`);
  }
}

export function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** The names in a folder; none where there is no such folder. */
export const entriesOf = (folder: string): string[] =>
  existsSync(folder) ? readdirSync(folder) : [];

export const foldersIn = (folder: string): string[] =>
  entriesOf(folder).filter((entry) => statSync(join(folder, entry)).isDirectory());

/** A file's text; nothing where it cannot be read. */
export function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

export const hierarchies = (): Hierarchies | undefined =>
  findHierarchies(textOf('/proc/mounts'), (folder) => textOf(join(folder, 'cgroup.controllers')));

export const ownerNow = (): Owner => ({
  pid: process.pid,
  started: startOf(textOf(`/proc/${process.pid}/stat`)),
});

export const isAlive = ({ pid, started }: Owner): boolean =>
  startOf(textOf(`/proc/${pid}/stat`)) === started;

export const hostNow = (roots = hierarchies()): Host => ({
  cores: availableParallelism(),
  takenCores: takenCores(roots),
  memoryBytes: process.availableMemory(),
});

/** What the groups of all labs may have together whose owners are there. */
function takenCores(roots: Hierarchies | undefined): number {
  if (!roots) return 0;
  const labs = foldersIn(roots.cpu).filter((name) => {
    const parsed = parseLabName(name);
    return parsed && isAlive(parsed.owner);
  });
  const cores = labs.flatMap((lab) =>
    foldersIn(join(roots.cpu, lab)).flatMap((device) =>
      deviceCores.map((core) => coreFolder(roots, lab, device, core)),
    ),
  );
  return cores
    .map((folder) => shareIn(roots, (file) => textOf(join(folder, file))))
    .reduce((sum, share) => sum + share, 0);
}

const tools = ['ip', 'tc', 'nsenter', 'unshare', 'setpriv'];

/** What a lab needs and this machine or user lacks, for a person; empty when all is there. */
export function missingForLab(): string[] {
  if (process.platform !== 'linux') return ['Linux'];
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const absent = tools.filter((tool) => !folders.some((folder) => isProgram(join(folder, tool))));
  return [
    ...(process.getuid?.() === 0 ? [] : ['the rights of root (sudo)']),
    ...absent.map((tool) => `the program ${tool} (iproute2, util-linux)`),
    ...(hierarchies() ? [] : ['control groups for processor and memory under /sys/fs/cgroup']),
  ];
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
