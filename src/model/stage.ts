// A stage, derived from a resolved training: the graphs that a node runs for its layers, and what has
// to be kept between them. The gradient is split into one graph for the gradient of the input, on which
// the neighbour waits, and graphs for the gradients of the parameters, which can be computed later and
// for several microbatches at once (as in zero-bubble pipelining, Qi et al. 2023).

import { RingError } from '../errors.ts';
import { accumulate } from '../graph/accumulate.ts';
import { differentiate } from '../graph/differentiate.ts';
import type { Backward } from '../graph/differentiate.ts';
import type { Graph, TensorType } from '../graph/graph.ts';
import type { RingTraining } from './resolve.ts';
import { buildForward, lossSum } from './stage-forward.ts';
import type {
  LayerTensor,
  NamedType,
  StageForward,
  StageMode,
  StageRequest,
} from './stage-forward.ts';

export type { LayerTensor, NamedType, StageMode, StageRequest } from './stage-forward.ts';
export { stageNorms, stageUpdate, updateScalars } from './stage-update.ts';
export type { StageUpdate } from './stage-update.ts';

/** A value that is kept after it was computed, or arrived, until others have used it. */
export interface KeptValue extends NamedType {
  /**
   * Where it comes from: `input` crossed the cut before the stage, `gradient` the one behind it,
   * `forward` and `backward` are outputs of these graphs, `given` is counter, target or scale.
   */
  readonly source: 'input' | 'gradient' | 'forward' | 'backward' | 'given';
  /** Whether the backward graph takes it. */
  readonly backward: boolean;
  /** The weight units that take it, by their place in `weightGradients`. */
  readonly units: readonly number[];
}

/** Weight-gradient graphs; their outputs are `d/${parameter}`. */
export interface WeightGraphs {
  readonly fresh: Graph;
  /** The same, added to the inputs `sum/d/${parameter}`. */
  readonly accumulate: Graph;
}

/** The weight gradients of the layers that share a group size. */
export interface WeightUnit {
  /** How many microbatches it takes at once. */
  readonly group: number;
  readonly layers: readonly number[];
  readonly parameters: readonly string[];
  /** The kept values that it takes. */
  readonly inputs: readonly string[];
  /**
   * The graphs for a group of so many rows in all: each kept value is then the concatenation of the
   * microbatches' values along axis 0.
   */
  graph(rows: number): WeightGraphs;
}

export interface Stage extends Omit<StageForward, 'graph'> {
  /** Outputs: what crosses the cut, new state, loss (and output), then the kept values of source `forward`. */
  readonly forward: Graph;
  /** Outputs: `d/${input}` if wanted, then the kept values of source `backward`. Without nodes unless in mode `train`. */
  readonly backward: Graph;
  readonly weightGradients: readonly WeightUnit[];
  readonly kept: readonly KeptValue[];
}

const gradientOf = (name: string): string => `d/${name}`;

const nothing: Graph = { inputs: [], nodes: [], outputs: [], types: {} };

const isFloat = ({ type }: NamedType): boolean => type.type === 'float32';

/** The stage of a training for microbatches of so many rows. Errors: GRAPH when there are no such layers. */
export function deriveStage(
  training: RingTraining,
  request: StageRequest,
  rows: number,
  mode: StageMode,
): Stage {
  const { graph, ...parts } = buildForward(training, request, rows, mode);
  if (mode !== 'train')
    return { ...parts, forward: graph, backward: nothing, weightGradients: [], kept: [] };

  const gradients = differentiateStage(graph, parts, request);
  const weightGradients = weightUnits(training, request, parts.parameters, rows, gradients);
  const backward = gradients.inputGradient;
  const kept = keptValues(graph, parts, backward, weightGradients, rows);
  const outputs = new Set(graph.outputs);
  for (const { name, source } of kept) if (source === 'forward') outputs.add(name);
  return {
    ...parts,
    forward: { ...graph, outputs: [...outputs] },
    backward,
    weightGradients,
    kept,
  };
}

function differentiateStage(
  graph: Graph,
  { inputs, outputs, parameters }: Omit<StageForward, 'graph'>,
  request: StageRequest,
): Backward {
  const seeds = request.loss
    ? { [lossSum]: 'scale' }
    : Object.fromEntries(outputs.filter(isFloat).map(({ name }) => [name, gradientOf(name)]));
  return differentiate(graph, {
    seeds,
    inputs: request.input ? inputs.filter(isFloat).map(({ name }) => name) : [],
    parameters: parameters.map(({ name }) => name),
  });
}

/** One unit for each group size, in order of the first layer that has it. */
function weightUnits(
  training: RingTraining,
  request: StageRequest,
  parameters: readonly LayerTensor[],
  rows: number,
  gradients: Backward,
): WeightUnit[] {
  const groupOf = (layer: number) => training.resolved.layers[layer]?.weightGroup ?? 1;
  const backwards = new Map([[rows, gradients]]);
  const gradientsFor = (wanted: number): Backward => {
    const known = backwards.get(wanted);
    if (known) return known;
    const { graph, ...parts } = buildForward(training, request, wanted, 'train');
    const derived = differentiateStage(graph, parts, request);
    backwards.set(wanted, derived);
    return derived;
  };
  const groups = [...new Set(parameters.map(({ layer }) => groupOf(layer)))];
  return groups.map((group) => {
    const members = parameters.filter(({ layer }) => groupOf(layer) === group);
    const names = members.map(({ name }) => name);
    const own = new Set(parameters.map(({ name }) => name));
    return {
      group,
      layers: [...new Set(members.map(({ layer }) => layer))],
      parameters: names,
      inputs: gradients.weightGradient(names).inputs.filter((name) => !own.has(name)),
      graph(wanted) {
        const fresh = gradientsFor(wanted).weightGradient(names);
        return { fresh, accumulate: accumulate(fresh) };
      },
    };
  });
}

function keptValues(
  forward: Graph,
  { inputs, outputs, parameters, state }: Omit<StageForward, 'graph'>,
  backward: Graph,
  units: readonly WeightUnit[],
  rows: number,
): KeptValue[] {
  const resident = new Set([...parameters, ...state].map(({ name }) => name));
  const crossed = new Set(inputs.map(({ name }) => name));
  const arriving = new Set(outputs.map(({ name }) => gradientOf(name)));
  const computed = new Set(forward.nodes.flatMap((node) => node.outputs));
  const made = new Set(backward.nodes.flatMap((node) => node.outputs));
  const sourceOf = (name: string): KeptValue['source'] => {
    if (crossed.has(name)) return 'input';
    if (arriving.has(name)) return 'gradient';
    if (computed.has(name)) return 'forward';
    return made.has(name) ? 'backward' : 'given';
  };
  const users = [...backward.inputs, ...units.flatMap((unit) => unit.inputs)];
  const names = [...new Set(users)].filter((name) => !resident.has(name));
  return names.map((name) => {
    const type = forward.types[name] ?? backward.types[name] ?? arrivingType(outputs, name);
    const takers = units.flatMap((unit, index) => (unit.inputs.includes(name) ? [index] : []));
    if (takers.length > 0 && (type.shape[0] ?? 0) % rows !== 0)
      throw new RingError('GRAPH', `weight gradients need ${name}, which has no axis of rows`);
    const backwardTakes = backward.inputs.includes(name);
    return { name, type, source: sourceOf(name), backward: backwardTakes, units: takers };
  });
}

/** The type of the gradient of an output, which the backward graph may not even read. */
function arrivingType(outputs: readonly NamedType[], name: string): TensorType {
  const output = outputs.find((candidate) => gradientOf(candidate.name) === name);
  if (!output) throw new RingError('GRAPH', `there is no value ${name} in the stage`);
  return output.type;
}
