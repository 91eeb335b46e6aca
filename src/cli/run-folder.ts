// Where a run is kept when nobody says where, and that no run ever takes another's place.

import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { RingError } from '../errors.ts';

/** A run that ended before its first checkpoint is nothing to keep. */
const holdsRun = (folder: string): boolean => existsSync(join(folder, 'model.safetensors'));

/** `20260131-235959`, local time. */
function stamp(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  return `${day}-${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
}

/** A new folder's path under runs/, after the name of the training. */
export function newRunFolder(name: string, date: Date): string {
  const plain = name.replaceAll(/[^\p{L}\p{N}._-]+/gu, '-').replaceAll(/^[-.]+|-+$/g, '');
  const folder = join('runs', `${plain || 'run'}-${stamp(date)}`);
  for (let more = 2; ; more += 1) {
    const candidate = more === 2 ? folder : `${folder}-${more - 1}`;
    if (!existsSync(candidate)) return candidate;
  }
}

/**
 * Tells before anything is computed that a run cannot be kept in `folder`; makes nothing. Errors: USAGE,
 * RUN when files of a run's names are there already, STORE when none could be written.
 */
export function requireRoom(folder: string): void {
  if (folder.trim() === '')
    throw new RingError(
      'USAGE',
      '--out is empty: name a folder, or leave --out away for a new one under runs/',
    );
  if (holdsRun(folder))
    throw new RingError(
      'RUN',
      `${folder} already holds a run: name another folder with --out, or remove this one`,
    );
  const taken = ['training.json', 'metrics.jsonl', 'state.safetensors'].find((name) =>
    existsSync(join(folder, name)),
  );
  if (taken !== undefined && !holdsBegunRun(folder))
    throw new RingError(
      'RUN',
      `${folder} holds a ${taken} that is not of a run: name another folder with --out`,
    );
  requireWritable(folder, 'the run');
}

/** One that ended before its first checkpoint; its training.json says also what followed from it. */
function holdsBegunRun(folder: string): boolean {
  try {
    const training: unknown = JSON.parse(readFileSync(join(folder, 'training.json'), 'utf8'));
    return typeof training === 'object' && training !== null && 'resolved' in training;
  } catch {
    return false;
  }
}

/** The folder, or the nearest above it that is there, must be one that may be written to. Errors: STORE. */
export function requireWritable(folder: string, what: string): void {
  const refuse = (reason: string, cause?: unknown): never => {
    throw new RingError(
      'STORE',
      `${what} cannot be kept in ${folder}: ${reason}; name another folder with --out`,
      { cause },
    );
  };
  let nearest = resolve(folder);
  try {
    while (!existsSync(nearest)) nearest = dirname(nearest);
    if (!statSync(nearest).isDirectory()) refuse(`${nearest} is not a folder`);
    accessSync(nearest, constants.W_OK | constants.X_OK);
  } catch (error) {
    if (error instanceof RingError) throw error;
    refuse(`${nearest} may not be written to`, error);
  }
}
