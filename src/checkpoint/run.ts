// The folder of a run: model.safetensors, state.safetensors (what is needed to train on),
// training.json (the resolved training file) and metrics.jsonl. Model and state of one checkpoint are
// both on disk before either takes its name, and both say their step: if the process dies between the
// two renames, the state that belongs to the model is found under its partial name.

import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { RingError } from '../errors.ts';
import type { TensorType } from '../graph/graph.ts';
import { readMetrics, writeMetrics, type Metrics, type MetricsWriter } from './metrics.ts';
import {
  partialPath,
  readSafetensors,
  writeSafetensors,
  type Metadata,
  type SafetensorsReader,
} from './safetensors.ts';

/** How far a training had come. */
export interface Position {
  /** Updates made. */
  readonly step: number;
  readonly epoch: number;
  /** What the sampler's order was drawn from. */
  readonly seed: number;
}

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
  close(): Promise<void>;
}

export interface Run {
  readonly folder: string;
  /** The content of training.json, not yet validated. */
  readonly training: unknown;
  readonly position: Position;
  readonly parameters: SafetensorsReader;
  /** The state of the same step. The caller closes it. Errors: RUN. */
  openState(): Promise<SafetensorsReader>;
  /** Errors: RUN. */
  metrics(): AsyncGenerator<Metrics>;
  close(): Promise<void>;
}

const files = (folder: string) => ({
  model: join(folder, 'model.safetensors'),
  state: join(folder, 'state.safetensors'),
  training: join(folder, 'training.json'),
  metrics: join(folder, 'metrics.jsonl'),
});

/** Begins a run in `folder`, which is made if need be; an older run's files there are removed. Errors: STORE. */
export async function createRun(folder: string, training: unknown): Promise<RunWriter> {
  const { model, state, training: trainingPath, metrics: metricsPath } = files(folder);
  try {
    await makeFolder(folder);
    for (const path of [model, state]) {
      await rm(path, { force: true });
      await rm(partialPath(path), { force: true });
    }
    await writeFile(partialPath(trainingPath), `${JSON.stringify(training, undefined, 2)}\n`);
    await rename(partialPath(trainingPath), trainingPath);
  } catch (cause) {
    throw new RingError(
      'STORE',
      `the run cannot be kept in ${folder}: ${(cause as Error).message}; name another folder`,
      { cause },
    );
  }
  const metrics = await writeMetrics(metricsPath);
  return {
    folder,
    metrics,
    checkpoint: (position, parameters, stateTensors) =>
      beginCheckpoint(folder, position, parameters, stateTensors),
    close: () => metrics.close(),
  };
}

/** Makes the folder and what is missing above it, one by one: Node's own way does not end under /proc. */
async function makeFolder(folder: string): Promise<void> {
  const exists = (path: string): Promise<boolean> =>
    stat(path).then(
      () => true,
      () => false,
    );
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
  const model = await writeSafetensors(files(folder).model, parameters, metadata);
  const state = await writeSafetensors(files(folder).state, stateTensors, metadata);
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

/** Opens a run to look at it, use its model or train on. Errors: RUN. */
export async function openRun(folder: string): Promise<Run> {
  const paths = files(folder);
  const status = await stat(folder).catch(() => undefined);
  if (!status?.isDirectory()) {
    throw new RingError(
      'RUN',
      `there is no folder ${folder}: give the folder that was named with --out when training`,
    );
  }
  const training = await readTraining(paths.training, folder);
  if (!(await stat(paths.model).catch(() => undefined))) {
    throw new RingError(
      'RUN',
      `${folder} has no model.safetensors: the run ended before its first checkpoint; train again`,
    );
  }
  const parameters = await readSafetensors(paths.model);
  const position = toPosition(parameters);
  return {
    folder,
    training,
    position,
    parameters,
    openState: () => openStateOf(position, paths.state),
    metrics: () => readMetrics(paths.metrics),
    close: () => parameters.close(),
  };
}

async function readTraining(path: string, folder: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new RingError(
      'RUN',
      `${folder} holds no run: its training.json cannot be read; give the folder that was named with --out when training`,
      { cause },
    );
  });
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new RingError('RUN', `${path} is not JSON: the run is damaged; train again`, { cause });
  }
}

/** The state whose step is the model's: the file of that name, or one that death kept from taking it. */
async function openStateOf(position: Position, path: string): Promise<SafetensorsReader> {
  for (const candidate of [path, partialPath(path)]) {
    if (!(await stat(candidate).catch(() => undefined))) continue;
    const state = await readSafetensors(candidate);
    if (toPosition(state).step === position.step) return state;
    await state.close();
  }
  throw new RingError(
    'RUN',
    `${path} is missing or of another step than the model (${position.step}): the model can be used, but training cannot go on from it`,
  );
}

const toMetadata = ({ step, epoch, seed }: Position): Metadata => ({
  step: String(step),
  epoch: String(epoch),
  seed: String(seed),
});

function toPosition({ path, metadata }: SafetensorsReader): Position {
  const number = (key: 'step' | 'epoch' | 'seed'): number => {
    const text = metadata[key];
    if (text !== undefined && /^\d{1,15}$/.test(text)) return Number(text);
    throw new RingError(
      'RUN',
      `${path} does not say its ${key}: it was not written by a training run`,
    );
  };
  return { step: number('step'), epoch: number('epoch'), seed: number('seed') };
}
