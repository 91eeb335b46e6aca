// The forward graph of a stage: its layers one after the other, and the loss behind the last if asked.
// Names of values depend on the layers alone, never on how many rows they are built for or where the
// model is cut: what layer i writes to stream `x` is `x${i + 1}`, its parameters are `${i}.weight`.

import { RingError } from '../errors.ts';
import { GraphBuilder } from '../graph/builder.ts';
import type { Graph, TensorType } from '../graph/graph.ts';
import { layerDefinition } from './layers/index.ts';
import { valueOf } from './layers/layer.ts';
import type { Streams } from './layers/layer.ts';
import { losses } from './losses/index.ts';
import type { RingTraining } from './resolve.ts';

export interface NamedType {
  readonly name: string;
  readonly type: TensorType;
}

/** The layers `from` (inclusive) to `to` (exclusive) of a model. */
export interface StageRequest {
  readonly from: number;
  readonly to: number;
  /** Whether the loss follows the last layer. */
  readonly loss: boolean;
  /** Whether the gradient of the stage's input is wanted. */
  readonly input: boolean;
}

/**
 * `train`: with gradients. `evaluate`: output and loss, dropout does nothing. `predict`: the same
 * without targets, so without a loss.
 */
export type StageMode = 'train' | 'evaluate' | 'predict';

/** A tensor that belongs to a layer: a parameter, or state that has no gradient. */
export interface LayerTensor extends NamedType {
  readonly layer: number;
}

export interface StageForward {
  /** Outputs: what crosses the cut, new state, `output` and `loss`, as far as there are such. */
  readonly graph: Graph;
  /** What crosses the cut before the stage and the cut behind it, with rows. */
  readonly inputs: readonly NamedType[];
  readonly outputs: readonly NamedType[];
  readonly parameters: readonly LayerTensor[];
  /** The new value of state `name` is the output `new/${name}`. */
  readonly state: readonly LayerTensor[];
}

/** The value whose gradient is the graph input `scale`: the sum of the rows' losses. */
export const lossSum = 'loss.sum';

/** The streams that a cut before layer `cut` carries: `x`, and others that are read behind it. */
function streamsAt({ resolved: { layers }, model }: RingTraining, cut: number): string[] {
  const reaching = layers[cut]?.inputs ?? layers.at(-1)?.outputs ?? {};
  return Object.keys(reaching).filter((stream) => {
    if (stream === 'x') return true;
    for (const options of model.slice(cut)) {
      if (layerDefinition(options.layer).reads?.(options).includes(stream)) return true;
    }
    return false;
  });
}

/** What a cut before layer `cut` carries for so many rows: today `x${cut}`. */
function crossing(training: RingTraining, cut: number, rows: number): NamedType[] {
  const { layers } = training.resolved;
  const types: Streams<TensorType> = layers[cut]?.inputs ?? layers.at(-1)?.outputs ?? {};
  return streamsAt(training, cut).flatMap((stream) => {
    const type = types[stream];
    if (!type) return [];
    return [{ name: `${stream}${cut}`, type: { ...type, shape: [rows, ...type.shape] } }];
  });
}

/** The tensors of layers `from` to `to` that `key` names, with the graph inputs they are. */
function layerTensors(
  { resolved: { layers } }: RingTraining,
  { from, to }: Pick<StageRequest, 'from' | 'to'>,
  key: 'parameters' | 'state',
): LayerTensor[] {
  return layers.slice(from, to).flatMap((layer, index) =>
    layer[key].map(({ name, shape }) => ({
      name: `${from + index}.${name}`,
      type: { type: 'float32' as const, shape },
      layer: from + index,
    })),
  );
}

/** Builds the forward graph of a stage for so many rows. Errors: GRAPH when there are no such layers. */
export function buildForward(
  training: RingTraining,
  request: StageRequest,
  rows: number,
  mode: StageMode,
): StageForward {
  const { from, to } = request;
  const { layers } = training.resolved;
  if (!(from >= 0 && from <= to && to <= layers.length) || (request.loss && to !== layers.length))
    throw new RingError(
      'GRAPH',
      `there is no stage of layers ${from} to ${to} of ${layers.length}`,
    );

  const builder = new GraphBuilder();
  const inputs = crossing(training, from, rows);
  const parameters = layerTensors(training, request, 'parameters');
  const state = layerTensors(training, request, 'state');
  for (const { name, type } of [...inputs, ...parameters, ...state]) builder.input(name, type);
  let counter: string | undefined;
  const askCounter = () => (counter ??= builder.input('counter', { type: 'int32', shape: [2] }));

  const values: Record<string, string> = Object.fromEntries(
    inputs.map(({ name }) => [name.slice(0, -`${from}`.length), name]),
  );
  const newState: string[] = [];
  for (const [index, { options, ...layer }] of layers.slice(from, to).entries()) {
    const number = from + index;
    const named = (list: readonly { name: string }[]) =>
      Object.fromEntries(list.map(({ name }) => [name, `${number}.${name}`]));
    builder.scope(`${number}.`);
    const before = new Set(Object.values(values));
    const built = layerDefinition(options.layer).build(builder, {
      options,
      inputs: { ...values },
      parameters: named(layer.parameters),
      state: named(layer.state),
      training: mode === 'train',
      layer: number,
      seed: training.seed,
      counter: askCounter,
    });
    for (const [stream, value] of Object.entries(built.outputs)) {
      // A layer that does nothing hands its input on as it is.
      values[stream] = before.has(value) ? value : builder.name(value, `${stream}${number + 1}`);
    }
    for (const [name, value] of Object.entries(built.state ?? {}))
      newState.push(builder.name(value, `new/${number}.${name}`));
  }

  const results: string[] = [...newState];
  const outputs = request.loss ? [] : crossing(training, to, rows);
  builder.scope('cut.');
  for (const { name } of outputs) {
    const value = valueOf(values, name.slice(0, -`${to}`.length));
    results.push(value === name ? name : builder.name(builder.apply('Identity', [value]), name));
  }
  if (request.loss) results.push(...addLoss(builder, training, valueOf(values), rows, mode));
  return { graph: builder.finish(results), inputs, outputs, parameters, state };
}

/** Adds what follows the last layer's output `x`; gives the names of the graph's outputs. */
function addLoss(
  builder: GraphBuilder,
  training: RingTraining,
  x: string,
  rows: number,
  mode: StageMode,
): string[] {
  const { target } = training.resolved.data;
  builder.scope('loss.');
  const output = mode === 'train' ? [] : [builder.name(x, 'output')];
  if (mode === 'predict') return output;
  const goal = builder.input('target', { ...target, shape: [rows, ...target.shape] });
  const scale = builder.input('scale', { type: 'float32', shape: [] });
  const sum = builder.name(losses[training.loss].sum(builder, x, goal), lossSum);
  return [...output, builder.name(builder.apply('Scale', [sum, scale]), 'loss')];
}
