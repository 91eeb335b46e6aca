// The folder of a run, to read: model.safetensors, state.safetensors (what is needed to train on),
// training.json (the resolved training file) and metrics.jsonl; until the training is complete also
// resume.json, what else is needed to take it up again, and the master's copies of its own layers. Model
// and state both say their step: if the process that wrote them died before both had their names
// (run-writer.ts), the state that belongs to the model is found under its partial name.

import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RingError } from '../errors.ts';
import { readMetrics, type Metrics } from './metrics.ts';
import { partialPath, readSafetensors, type SafetensorsReader } from './safetensors.ts';

/** How far a training had come. */
export interface Position {
  /** Updates made. */
  readonly step: number;
  readonly epoch: number;
  /** What the sampler's order was drawn from. */
  readonly seed: number;
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

/** Where everything of a run is. */
export const filesOf = (folder: string) => ({
  model: join(folder, 'model.safetensors'),
  state: join(folder, 'state.safetensors'),
  training: join(folder, 'training.json'),
  metrics: join(folder, 'metrics.jsonl'),
  resume: join(folder, 'resume.json'),
  snapshots: join(folder, 'snapshots'),
});

export const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Opens a run to look at it, use its model or train on. Errors: RUN. */
export async function openRun(folder: string): Promise<Run> {
  const paths = filesOf(folder);
  const training = await readTraining(folder);
  if (!(await exists(paths.model))) {
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

/** The content of training.json, not yet validated. Errors: RUN. */
export async function readTraining(folder: string): Promise<unknown> {
  const status = await stat(folder).catch(() => undefined);
  if (!status?.isDirectory()) {
    throw new RingError(
      'RUN',
      `there is no folder ${folder}: give the folder that was named with --out when training`,
    );
  }
  const path = filesOf(folder).training;
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
    if (!(await exists(candidate))) continue;
    const state = await readSafetensors(candidate);
    if (toPosition(state).step === position.step) return state;
    await state.close();
  }
  throw new RingError(
    'RUN',
    `${path} is missing or of another step than the model (${position.step}): the model can be used, but training cannot go on from it`,
  );
}

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
