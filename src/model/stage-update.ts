// What a stage does with its gradients at the end of a step: their norms, layer by layer, and one
// graph that updates all its parameters.

import { GraphBuilder } from '../graph/builder.ts';
import type { Graph } from '../graph/graph.ts';
import { optimizerDefinition } from './optimizers/index.ts';
import type { RingTraining } from './resolve.ts';
import type { LayerTensor } from './stage-forward.ts';

export interface StageUpdate {
  /**
   * Inputs: `scalars`, and for every parameter itself, its gradient `d/${parameter}` and its state
   * `${parameter}/${state}`. Outputs: `new/` before the names of parameters and state.
   */
  readonly graph: Graph;
  /** The optimizer's state, which begins as zeros. */
  readonly state: readonly LayerTensor[];
  /** Which output takes the place of which input; they may share memory. */
  readonly replaces: readonly { readonly input: string; readonly output: string }[];
}

/** The optimizer's update of the given parameters of a training, all in one graph. */
export function stageUpdate(
  { optimizer }: RingTraining,
  parameters: readonly LayerTensor[],
): StageUpdate {
  const definition = optimizerDefinition(optimizer.kind);
  const stateNames = definition.state(optimizer);
  const builder = new GraphBuilder();
  const scalars = builder.input('scalars', {
    type: 'float32',
    shape: [definition.scalarCount],
  });
  const state: LayerTensor[] = [];
  const replaces: { input: string; output: string }[] = [];
  for (const { name, type, layer } of parameters) {
    const parameter = builder.input(name, type);
    const gradient = builder.input(`d/${name}`, type);
    const own = stateNames.map((key) => ({ key, name: `${name}/${key}`, type, layer }));
    for (const tensor of own) builder.input(tensor.name, type);
    builder.scope(`${name}/update.`);
    const updated = definition.update(builder, optimizer, {
      parameter,
      gradient,
      state: Object.fromEntries(own.map(({ key, name }) => [key, name])),
      scalars,
    });
    const replace = (input: string, value: string) =>
      replaces.push({ input, output: builder.name(value, `new/${input}`) });
    replace(name, updated.parameter);
    for (const [key, value] of Object.entries(updated.state)) replace(`${name}/${key}`, value);
    state.push(...own.map(({ name }) => ({ name, type, layer })));
  }
  return { graph: builder.finish(replaces.map(({ output }) => output)), state, replaces };
}

/**
 * The numbers that an update takes as `scalars` in step `step` (the first is 1); `factor` multiplies
 * every gradient. Only the master computes them.
 */
export function updateScalars(
  { optimizer }: RingTraining,
  step: number,
  rate: number,
  factor: number,
): Float32Array {
  return optimizerDefinition(optimizer.kind).scalars(optimizer, step, rate, factor);
}

/** Inputs: `d/${parameter}`. Outputs: `norm/${layer}`, the squared norm of each layer's gradients. */
export function stageNorms(parameters: readonly LayerTensor[]): Graph {
  const builder = new GraphBuilder();
  builder.scope('norm.');
  const sums = new Map<number, string>();
  for (const { name, type, layer } of parameters) {
    const square = builder.apply('ReduceSumSquare', [builder.input(`d/${name}`, type)]);
    const sum = sums.get(layer);
    sums.set(layer, sum === undefined ? square : builder.apply('Add', [sum, square]));
  }
  return builder.finish([...sums].map(([layer, sum]) => builder.name(sum, `norm/${layer}`)));
}
