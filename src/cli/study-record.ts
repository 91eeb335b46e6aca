// The trials of a study on disk, a line each, so that one that was stopped or killed goes on where it was.

import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { RingError } from '../errors.ts';
import type { Trial } from '../study/study.ts';
import { identityOf } from '../study/trials.ts';
import type { TrialRequest } from '../study/trials.ts';

export const recordFile = 'runs.jsonl';

export class StudyRecord {
  readonly #path: string;
  readonly #folder: string;
  readonly #trials = new Map<string, Trial>();

  private constructor(folder: string) {
    this.#folder = folder;
    this.#path = join(folder, recordFile);
  }

  /** Reads what an earlier study has left there. Errors: STORE. */
  static async open(folder: string): Promise<StudyRecord> {
    const record = new StudyRecord(folder);
    for (const line of (await record.#read()).split('\n')) {
      const trial = parseLine(line);
      if (trial) record.#trials.set(identityOf(trial), trial);
    }
    return record;
  }

  get(request: TrialRequest): Trial | undefined {
    return this.#trials.get(identityOf(request));
  }

  /** Errors: STORE. */
  async add(trial: Trial): Promise<void> {
    this.#trials.set(identityOf(trial), trial);
    try {
      await mkdir(this.#folder, { recursive: true });
      // A line that was cut off by a kill before is ended by the first sign.
      await appendFile(this.#path, `\n${JSON.stringify(trial)}\n`);
    } catch (error) {
      throw storeError(this.#path, error);
    }
  }

  async #read(): Promise<string> {
    try {
      return await readFile(this.#path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
      throw storeError(this.#path, error);
    }
  }
}

/** Undefined for a line that is none, or was cut off. */
function parseLine(line: string): Trial | undefined {
  try {
    const trial = JSON.parse(line) as Trial;
    return trial.condition && trial.outcome ? trial : undefined;
  } catch {
    return undefined;
  }
}

const storeError = (path: string, cause: unknown): RingError =>
  new RingError(
    'STORE',
    `${path} cannot be used (${(cause as Error).message}): give --out a folder that can be written to`,
    { cause },
  );
