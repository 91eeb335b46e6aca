// The folder of a run, to write. Model and state of one checkpoint are both on disk before either takes
// its name, so that there is always one that is whole. One process at a time writes a run.

import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import { RingError } from '../errors.ts';
import type { TensorType } from '../graph/graph.ts';
import { lockFolder, unlockFolder } from './lock.ts';
import { continueMetrics, writeMetrics, type MetricsWriter } from './metrics.ts';
import { exists, filesOf, openRun, readTraining, type Position } from './run.ts';
import { partialPath, writeSafetensors, type Metadata } from './safetensors.ts';

export interface CheckpointWriter {
  /** A parameter, `LAYER.name`; in any order. */
  writeParameter(name: string, bytes: Uint8Array): Promise<void>;
  /** A tensor of the optimizer, `LAYER.name/momentum`, or of a layer; in any order. */
  writeState(name: string, bytes: Uint8Array): Promise<void>;
  /** Replaces the checkpoint before it. */
  commit(): Promise<void>;
  discard(): Promise<void>;
}

export interface RunWriter {
  readonly folder: string;
  readonly metrics: MetricsWriter;
  /** Begins a checkpoint of tensors of these names and types. Errors: STORE. */
  checkpoint(
    position: Position,
    parameters: ReadonlyMap<string, TensorType>,
    state: ReadonlyMap<string, TensorType>,
  ): Promise<CheckpointWriter>;
  /** Keeps what `readResume` is to give, for this user alone to read. Errors: STORE. */
  keepResume(value: unknown): Promise<void>;
  /** The training is complete: what only taking it up again needs is removed. */
  complete(): Promise<void>;
  close(): Promise<void>;
}

/** A run that is written on. */
export interface ResumedRun extends RunWriter {
  /** Of its newest checkpoint; undefined where there is none. */
  readonly position: Position | undefined;
}

/**
 * Begins a run in `folder`, which is made if need be; an older run's files there are removed.
 * Errors: STORE; RUN when it is being written.
 */
export async function createRun(folder: string, training: unknown): Promise<RunWriter> {
  const { training: trainingPath, metrics, ...older } = filesOf(folder);
  await kept(folder, () => makeFolder(folder));
  await lockRun(folder);
  try {
    await kept(folder, async () => {
      for (const path of Object.values(older)) {
        await rm(path, { force: true, recursive: true });
        await rm(partialPath(path), { force: true });
      }
      await replaceJson(trainingPath, training, 0o666);
    });
    return writerOf(folder, await writeMetrics(metrics));
  } catch (error) {
    await unlockFolder(folder);
    throw error;
  }
}

async function replaceJson(path: string, value: unknown, mode: number): Promise<void> {
  await rm(partialPath(path), { force: true });
  await writeFile(partialPath(path), `${JSON.stringify(value, undefined, 2)}\n`, { mode });
  await rename(partialPath(path), path);
}

/** What the run said last is needed to take it up again, not yet validated. Errors: RUN when there is nothing. */
export async function readResume(folder: string): Promise<unknown> {
  const path = filesOf(folder).resume;
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown;
  } catch (cause) {
    throw new RingError(
      'RUN',
      `${folder} cannot be taken up again: its resume.json is missing or damaged; train again`,
      { cause },
    );
  }
}

/** Goes on with a run from its newest checkpoint, if there is one. Errors: RUN, also when it is being written. */
export async function resumeRun(folder: string): Promise<ResumedRun> {
  const { model, metrics } = filesOf(folder);
  await readTraining(folder);
  await lockRun(folder);
  try {
    const position = (await exists(model)) ? await settleCheckpoint(folder) : undefined;
    return { ...writerOf(folder, await continueMetrics(metrics)), position };
  } catch (error) {
    await unlockFolder(folder);
    throw error;
  }
}

/** Gives the state of the newest checkpoint its name, if death has kept it from that. */
async function settleCheckpoint(folder: string): Promise<Position> {
  const run = await openRun(folder);
  try {
    const state = await run.openState();
    await state.close();
    if (state.path !== filesOf(folder).state) await rename(state.path, filesOf(folder).state);
    return run.position;
  } finally {
    await run.close();
  }
}

async function lockRun(folder: string): Promise<void> {
  const holder = await kept(folder, () => lockFolder(folder));
  if (holder !== undefined)
    throw new RingError(
      'RUN',
      `${folder} is being written by process ${holder}: wait until that training has ended, or stop it`,
    );
}

/** Runs a file operation; a failure becomes a STORE error that names the folder. */
const kept = <T>(folder: string, work: () => Promise<T>): Promise<T> =>
  work().catch((cause: unknown) => {
    throw new RingError(
      'STORE',
      `the run cannot be kept in ${folder}: ${(cause as Error).message}; name another folder`,
      { cause },
    );
  });

function writerOf(folder: string, metrics: MetricsWriter): RunWriter {
  return {
    folder,
    metrics,
    checkpoint: (position, parameters, state) =>
      beginCheckpoint(folder, position, parameters, state),
    keepResume: (value) => kept(folder, () => replaceJson(filesOf(folder).resume, value, 0o600)),
    async complete() {
      const { resume, snapshots } = filesOf(folder);
      await rm(resume, { force: true });
      await rm(snapshots, { force: true, recursive: true });
    },
    async close() {
      await metrics.close();
      await unlockFolder(folder);
    },
  };
}

/** Makes the folder and what is missing above it, one by one: Node's own way does not end under /proc. */
async function makeFolder(folder: string): Promise<void> {
  const missing: string[] = [];
  for (let path = resolve(folder); !(await exists(path)); path = dirname(path))
    missing.unshift(path);
  for (const path of missing)
    await mkdir(path).catch((error: NodeJS.ErrnoException) => {
      // Another process has just made it.
      if (error.code !== 'EEXIST') throw error;
    });
}

async function beginCheckpoint(
  folder: string,
  position: Position,
  parameters: ReadonlyMap<string, TensorType>,
  stateTensors: ReadonlyMap<string, TensorType>,
): Promise<CheckpointWriter> {
  const metadata = toMetadata(position);
  const model = await writeSafetensors(filesOf(folder).model, parameters, metadata);
  const state = await writeSafetensors(filesOf(folder).state, stateTensors, metadata);
  return {
    writeParameter: (name, bytes) => model.write(name, bytes),
    writeState: (name, bytes) => state.write(name, bytes),
    async commit() {
      await model.finish();
      await state.finish();
      await model.publish();
      await state.publish();
      await syncFolder(folder);
    },
    async discard() {
      await model.discard();
      await state.discard();
    },
  };
}

/** Brings the renames to disk: a small device is often just unplugged. Not every system can. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder).catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

const toMetadata = ({ step, epoch, seed }: Position): Metadata => ({
  step: String(step),
  epoch: String(epoch),
  seed: String(seed),
});
