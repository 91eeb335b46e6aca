// The training file as a user gives it: JSON, or a module whose default export is the same object;
// and what flags put over it.

import { readFile } from 'node:fs/promises';
import { basename, dirname, extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { RingError } from '../errors.ts';
import type { DataDescription } from '../model/training.ts';

export interface TrainingFile {
  /** Not yet validated. */
  readonly value: unknown;
  /** Names the file in errors. */
  readonly where: string;
  /** What paths in the file are relative to. */
  readonly baseFolder: string;
  /** The file's name without folder and ending. */
  readonly stem: string;
}

/** Flags that stand in a training file as keys. */
export interface TrainingFlags {
  readonly epochs?: number;
  readonly steps?: number;
  readonly batch?: number;
  readonly microbatches?: number;
  readonly seed?: number;
  readonly learningRate?: number;
}

const modules = ['.js', '.mjs', '.ts', '.mts'];

/** Errors: TRAINING_FILE. */
export async function readTrainingFile(file: string): Promise<TrainingFile> {
  const path = resolve(file);
  const isModule = modules.includes(extname(path));
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const reason =
      cause.code === 'ENOENT'
        ? 'there is no such file'
        : cause.code === 'EISDIR'
          ? 'it is a folder'
          : cause.message;
    throw new RingError(
      'TRAINING_FILE',
      `${file} cannot be read: ${reason}; name a training file, JSON or a module`,
      { cause },
    );
  });
  const value = isModule ? await importModule(path, file) : parseJson(text, file);
  const stem = basename(path, extname(path));
  return { value, where: file, baseFolder: dirname(path), stem };
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    const { message } = cause as Error;
    const position = /position (\d+)/.exec(message)?.[1];
    const before = position === undefined ? text : text.slice(0, Number(position));
    const reason = message.replace(/ (in JSON )?at position .*$/s, '').replaceAll(/\s+/g, ' ');
    throw new RingError(
      'TRAINING_FILE',
      `${file} line ${before.split('\n').length} is not JSON: ${reason}; JSON has no comments and no comma after the last item`,
      { cause },
    );
  }
}

async function importModule(path: string, file: string): Promise<unknown> {
  const fail = (reason: string, cause?: unknown): never => {
    throw new RingError('TRAINING_FILE', `${file} ${reason}`, { cause });
  };
  let loaded: { readonly default?: unknown };
  try {
    loaded = (await import(pathToFileURL(path).href)) as typeof loaded;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ERR_UNKNOWN_FILE_EXTENSION')
      return fail(
        `is TypeScript, which Node ${process.versions.node} does not run: take Node 22.18 or newer, or write it as .js`,
        cause,
      );
    return fail(`cannot be run: ${message.split('\n')[0]!}`, cause);
  }
  return loaded.default ?? fail('exports nothing: a module gives the training by `export default`');
}

/** The file's value with flags in the place of its keys. */
export function withFlags(value: unknown, flags: TrainingFlags): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const { epochs, steps, batch, microbatches, seed, learningRate } = flags;
  const merged: Record<string, unknown> = { ...value };
  for (const [key, flag] of Object.entries({ batch, microbatches, seed }))
    if (flag !== undefined) merged[key] = flag;
  if (epochs !== undefined || steps !== undefined) {
    delete merged['epochs'];
    delete merged['steps'];
    Object.assign(merged, epochs === undefined ? { steps } : { epochs });
  }
  if (learningRate !== undefined) {
    const given = merged['learningRate'];
    const isSchedule = typeof given === 'object' && given !== null;
    merged['learningRate'] = isSchedule ? { ...given, rate: learningRate } : learningRate;
  }
  return merged;
}

/** The data's files by whole paths, so that a run's training.json means the same from anywhere. */
export function withWholePaths(data: DataDescription, baseFolder: string): DataDescription {
  const files = ['images', 'labels', 'testImages', 'testLabels', 'file', 'testFile'];
  const entries = Object.entries(data).map(([key, value]) => [
    key,
    files.includes(key) && typeof value === 'string' ? resolve(baseFolder, value) : value,
  ]);
  return Object.fromEntries(entries) as DataDescription;
}
