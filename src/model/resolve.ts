// From a training file and a few facts about its data to a run's resolved file: every default and
// every derived choice, as plain JSON. Whoever receives one derives it again and compares, so nothing
// in it is taken on trust.

import { z } from 'zod';
import { RingError } from '../errors.ts';
import { elementCount } from '../graph/graph.ts';
import type { Shape, TensorType } from '../graph/graph.ts';
import { scheduleOf } from './learning-rate.ts';
import type { LearningRate } from './learning-rate.ts';
import { layerDefinition } from './layers/index.ts';
import type { LayerOptions } from './layers/index.ts';
import { float32, misfit } from './layers/layer.ts';
import type { ParameterSpecification, Streams } from './layers/layer.ts';
import { losses } from './losses/index.ts';
import { optimizerDefinition } from './optimizers/index.ts';
import { ringTrainingSchema, trainingSchema, withoutMastersPart } from './schema.ts';
import type { RingFile, Training } from './schema.ts';
import { parseWith } from './schema-error.ts';

/** Tensors up to 1 GiB: beyond, the 4 GiB of an engine's memory would not hold a step. */
const largestTensor = 2 ** 28;

const shapeSchema = z.array(z.int().min(1).max(largestTensor)).max(8);

const factsSchema = z.strictObject({
  inputShape: shapeSchema,
  target: z.strictObject({ type: z.enum(['float32', 'int32']), shape: shapeSchema }),
  trainCount: z
    .int()
    .min(1)
    .max(2 ** 40),
  testCount: z
    .int()
    .min(1)
    .max(2 ** 40)
    .optional(),
  classes: z
    .array(z.string())
    .max(2 ** 20)
    .optional(),
  preprocessing: z.unknown().optional(),
});

/** What a model needs to know of its data; shapes are of one sample. */
export interface DataFacts {
  readonly inputShape: Shape;
  readonly target: TensorType;
  readonly trainCount: number;
  readonly testCount?: number | undefined;
  /** Names of the classes where the target is one. */
  readonly classes?: readonly string[] | undefined;
  /** What the data part has learnt from the training samples and needs again, as plain JSON. */
  readonly preprocessing?: unknown;
}

/** One layer with its place in the model. Types are of one sample. */
export interface ResolvedLayer {
  readonly options: LayerOptions;
  /** The types of the streams that reach this layer, whether or not it reads them. */
  readonly inputs: Streams<TensorType>;
  /** The types of the streams after it: what a cut behind it would carry. */
  readonly outputs: Streams<TensorType>;
  readonly parameters: readonly ParameterSpecification[];
  readonly state: readonly ParameterSpecification[];
  /** How many microbatches' weight gradients are computed at once. */
  readonly weightGroup: number;
}

interface Resolution {
  readonly learningRate: LearningRate;
  readonly resolved: {
    readonly data: DataFacts;
    readonly layers: readonly ResolvedLayer[];
    /** Samples of a step: fewer than asked for when there are fewer to train on. */
    readonly batch: number;
    /** Samples of a microbatch; the last of a batch may have fewer. */
    readonly rows: number;
    /** Of a whole batch: fewer than asked for when there are too few rows. */
    readonly microbatches: number;
    readonly stepsPerEpoch: number;
    /** How many steps the whole training has. */
    readonly steps: number;
  };
}

/** A training with all that follows from it; the master's, which knows the data. */
export type ResolvedTraining = Training & Resolution;

/** The same as all nodes know it: nothing of it says what or where the data are. */
export type RingTraining = RingFile & Resolution;

/**
 * The smallest g = 2^k with g * rows * positions >= 64, at most the first power of two >= microbatches: a product
 * of fewer rows costs more a row, one of more hardly less, and for the last of a step everybody waits.
 */
function weightGroupOf(rowsOfProduct: number, microbatches: number): number {
  let group = 1;
  while (group * rowsOfProduct < 64 && group < microbatches) group *= 2;
  return group;
}

function resolveLayers(
  model: readonly LayerOptions[],
  inputShape: Shape,
  rows: number,
  microbatches: number,
): ResolvedLayer[] {
  let streams: Streams<TensorType> = { x: float32(...inputShape) };
  return model.map((options, layer) => {
    const definition = layerDefinition(options.layer);
    const inputs = streams;
    const place = { layer, kind: options.layer };
    const written = definition.outputs(options, inputs, place);
    streams = { ...streams, ...written };
    const parameters = definition.parameters?.(options, inputs) ?? [];
    const state = definition.state?.(options, inputs) ?? [];
    const sizes = [...parameters, ...state].map(({ shape }) => elementCount(shape));
    sizes.push(...Object.values(written).map(({ shape }) => elementCount(shape) * rows));
    if (Math.max(...sizes) > largestTensor && inputs['x'])
      throw misfit(
        place,
        inputs['x'],
        `tensors of at most ${largestTensor} numbers, not ${Math.max(...sizes)}`,
        'make the layer, its input or the batch smaller',
      );
    const positions = definition.positions?.(options, written) ?? 1;
    const weightGroup = parameters.length > 0 ? weightGroupOf(rows * positions, microbatches) : 1;
    return { options, inputs, outputs: streams, parameters, state, weightGroup };
  });
}

/**
 * Everything that follows from a training file and its data, frozen as plain JSON.
 * Errors: MODEL when a layer does not fit its input or the loss its output, or none has parameters.
 */
export function resolveTraining<File extends RingFile>(
  training: File,
  facts: DataFacts,
): File & Resolution {
  const batch = Math.min(training.batch, facts.trainCount);
  const rows = Math.ceil(batch / training.microbatches);
  const microbatches = Math.ceil(batch / rows);
  const layers = resolveLayers(training.model, facts.inputShape, rows, microbatches);
  if (!layers.some(({ parameters }) => parameters.length > 0))
    throw new RingError(
      'MODEL',
      'the model has no layer with parameters, so there is nothing to train: add a dense or conv2d layer',
    );
  const output = layers.at(-1)?.outputs['x'];
  if (output) losses[training.loss].check(output, facts.target, facts.classes?.length);
  const stepsPerEpoch = Math.ceil(facts.trainCount / batch);
  const learningRate = scheduleOf(
    training.learningRate ?? optimizerDefinition(training.optimizer.kind).defaultRate,
  );
  const steps = training.steps ?? (training.epochs ?? 1) * stepsPerEpoch;
  return plain({
    ...training,
    learningRate,
    resolved: { data: facts, layers, batch, rows, microbatches, stepsPerEpoch, steps },
  });
}

/** As JSON has it: without keys that are undefined. */
const plain = <Value>(value: Value): Value => JSON.parse(JSON.stringify(value)) as Value;

/** The same text for equal values, whatever the order of keys. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );

const resolvedSchema = z.object({ resolved: z.object({ data: factsSchema }) });

/**
 * What a master tells its workers: without paths, names of classes and columns, or anything that was
 * learnt from the samples.
 */
export function ringTraining(training: ResolvedTraining): RingTraining {
  const { classes: _, preprocessing: __, ...data } = training.resolved.data;
  return { ...withoutMastersPart(training), resolved: { ...training.resolved, data } };
}

/** Reads a resolved training back from a run's folder. Errors: PROTOCOL. */
export const parseResolved = (value: unknown): ResolvedTraining =>
  reread(value, trainingSchema, 'the training of the run');

/** Reads what a master has sent. Errors: PROTOCOL. */
export const parseRingTraining = (value: unknown): RingTraining =>
  reread(value, ringTrainingSchema, 'the training that was sent');

/** The file and its facts are validated, all the rest is derived anew and must agree. */
function reread<File extends RingFile & { readonly resolved?: unknown }>(
  value: unknown,
  schema: z.ZodType<File>,
  where: string,
): Omit<File, 'resolved'> & Resolution {
  const { resolved: _, ...training } = parseWith(schema, value, where, 'PROTOCOL');
  const { data } = parseWith(resolvedSchema, value, where, 'PROTOCOL').resolved;
  try {
    const derived = resolveTraining(training as Omit<File, 'resolved'> & RingFile, data);
    if (canonical(derived) === canonical(value)) return derived;
  } catch (error) {
    throw new RingError('PROTOCOL', `${where}: ${(error as Error).message}`, { cause: error });
  }
  throw new RingError(
    'PROTOCOL',
    `${where} was resolved in another way than here: install the same version of ringtmp on both sides`,
  );
}
