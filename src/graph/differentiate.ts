// Reverse-mode differentiation of a graph into graphs. The part that the neighbour waits for (gradients
// of values that depend on the batch) and the part that can wait (gradients of parameters) are built
// apart, since a schedule may run them apart; the second reads values of the first by their names.
// See Griewank and Walther, Evaluating Derivatives, for the mode, and Qi et al., Zero Bubble Pipeline
// Parallelism (arXiv 2401.10241), for the split.

import { RingError } from '../errors.ts';
import { GraphBuilder } from './builder.ts';
import { Differential } from './gradients/rule.ts';
import { gradientRule } from './gradients.ts';
import type { Graph, TensorType } from './graph.ts';
import { prune } from './prune.ts';

export interface DifferentiationRequest {
  /** Forward value -> the graph input that carries its gradient (of the value's type). */
  readonly seeds: Readonly<Record<string, string>>;
  /** Forward inputs whose gradient is wanted. */
  readonly inputs: readonly string[];
  /** Forward inputs that are parameters. */
  readonly parameters: readonly string[];
}

/** The inputs of each graph are exactly the values that it needs: of the forward graph, or seeds. */
export interface Backward {
  /** Gives the gradients of the wanted inputs, then the values that the weight gradients need of it. */
  readonly inputGradient: Graph;
  /**
   * Gives the parameters' gradients, in their order. Its inputs are parameters and values of the batch,
   * some of them outputs of `inputGradient`. Built from the same layers for g times as many rows it
   * has the same inputs and outputs, and takes those of g microbatches joined along their rows.
   */
  readonly weightGradient: (parameters: readonly string[]) => Graph;
  /** Both in one: gives the gradients of the wanted inputs, then of all parameters. */
  readonly whole: Graph;
}

/** The name of the gradient of `value`. */
export const gradientName = (value: string): string => `d/${value}`;

/**
 * The gradients of the seeded values with respect to inputs and parameters.
 * Errors: GRAPH when an operator on the way has no gradient or when something wanted has no influence.
 */
export function differentiate(forward: Graph, request: DifferentiationRequest): Backward {
  const { seeds, inputs, parameters } = request;
  const wanted = influencedBy(forward, [...inputs, ...parameters]);
  const ofBatch = influencedBy(
    forward,
    forward.inputs.filter((name) => !parameters.includes(name)),
  );
  const seedTypes = Object.fromEntries(
    Object.entries(seeds).map(([value, seed]) => [seed, forward.types[value]]),
  );
  const given = (name: string): TensorType | undefined => forward.types[name] ?? seedTypes[name];
  const batch = new GraphBuilder(given);
  const weights = new GraphBuilder(
    (name) => given(name) ?? (batch.has(name) ? batch.type(name) : undefined),
  );
  const part = (value: string) =>
    ofBatch.has(value)
      ? { builder: batch, prefix: 'input-gradient/' }
      : { builder: weights, prefix: 'weight-gradient/' };

  const contributions = new Map<string, string[]>(
    Object.entries(seeds).map(([value, seed]) => [value, [seed]]),
  );

  /** The sum of all contributions to a value's gradient, once there will be no more; named after the value where it is a value of its own. */
  const settle = (value: string): string | undefined => {
    const { builder, prefix } = part(value);
    const [first, ...more] = contributions.get(value) ?? [];
    if (first === undefined) return undefined;
    builder.scope(`${prefix}${value}/sum/`);
    const sum = more.reduce((total, next) => builder.apply('Add', [total, next]), first);
    if (!sum.startsWith(prefix)) return sum;
    const name = gradientName(value);
    return builder.name(sum, name in seedTypes ? `${name}/total` : name);
  };

  for (const node of forward.nodes.toReversed()) {
    const output = node.outputs[0] ?? '';
    const dy = wanted.has(output) ? settle(output) : undefined;
    if (dy === undefined) continue;
    node.inputs.forEach((input, index) => {
      if (!wanted.has(input)) return;
      const { builder, prefix } = part(input);
      builder.scope(`${prefix}${output}/${index}/`);
      const gradient = gradientRule(node.op, index)(new Differential(builder, node, dy), index);
      contributions.set(input, [...(contributions.get(input) ?? []), gradient]);
    });
  }

  /** The gradient of a forward input, under its own name. */
  const output = (value: string): string => {
    const { builder, prefix } = part(value);
    const gradient = settle(value);
    if (gradient === undefined) {
      throw new RingError('GRAPH', `${value} has no influence on ${Object.keys(seeds).join(', ')}`);
    }
    const name = gradientName(value);
    if (gradient === name) return name;
    if (name in seedTypes) {
      throw new RingError('GRAPH', `${name} is to be a result, so no seed can have this name`);
    }
    builder.scope(`${prefix}${value}/copy/`);
    return builder.name(builder.apply('Identity', [gradient]), name);
  };

  const inputOutputs = inputs.map(output);
  const weightGraph = weights.finish(parameters.map(output));
  const handedOver = weightGraph.inputs.filter((name) => !given(name));
  // What follows from parameters alone has no rows of a microbatch, so it is not saved but made again.
  const fromParameters = forward.nodes.filter(
    ({ outputs }) => !outputs.some((value) => ofBatch.has(value)),
  );
  const apart = join({ ...forward, nodes: fromParameters }, weightGraph, weightGraph.outputs);
  const inputGradient = batch.finish([...new Set([...inputOutputs, ...handedOver])]);
  return {
    inputGradient,
    weightGradient: (names) => prune(apart, { outputs: names.map(gradientName) }),
    whole: join(inputGradient, weightGraph, [...inputOutputs, ...weightGraph.outputs]),
  };
}

/** The values that depend on any of `sources`, those included. */
function influencedBy(graph: Graph, sources: readonly string[]): ReadonlySet<string> {
  const reached = new Set(sources);
  for (const node of graph.nodes) {
    if (!node.inputs.some((input) => reached.has(input))) continue;
    for (const output of node.outputs) reached.add(output);
  }
  return reached;
}

/** One graph after another that reads its outputs. */
function join(first: Graph, second: Graph, outputs: readonly string[]): Graph {
  const types = { ...first.types, ...second.types };
  const nodes = [...first.nodes, ...second.nodes];
  const computed = new Set(nodes.flatMap((node) => node.outputs));
  const inputs = [...new Set([...first.inputs, ...second.inputs])].filter(
    (name) => !computed.has(name),
  );
  return prune({ inputs, nodes, outputs, types });
}
