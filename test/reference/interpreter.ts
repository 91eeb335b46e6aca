// Runs a graph by naive loops that are right at sight, to test everything that is fast against. Each
// node computes in float64 and its outputs are rounded to float32 (or not: finite differences need
// the digits).

import type { Graph } from '../../src/graph/graph.ts';
import { elementCount } from '../../src/graph/graph.ts';
import { elementKernels } from './elements.ts';
import type { Kernel, Operand } from './operand.ts';
import { optimizerKernels } from './optimizers.ts';
import { productKernels } from './products.ts';
import { shapeKernels } from './shapes.ts';

const kernels: Readonly<Record<string, Kernel>> = {
  ...productKernels,
  ...elementKernels,
  ...shapeKernels,
  ...optimizerKernels,
};

/** The graph's outputs by name, from its inputs by name; inputs of no use are ignored. */
export const interpret = (
  graph: Graph,
  inputs: Readonly<Record<string, Float32Array | Int32Array>>,
): Record<string, Float32Array | Int32Array> =>
  evaluate(graph, inputs, (elements) => Float32Array.from(elements));

/** The same, without rounding to float32 anywhere. */
export const interpretInFloat64 = (
  graph: Graph,
  inputs: Readonly<Record<string, ArrayLike<number>>>,
): Record<string, Float64Array | Int32Array> =>
  evaluate(graph, inputs, (elements) => Float64Array.from(elements));

function evaluate<T extends ArrayLike<number>>(
  graph: Graph,
  inputs: Readonly<Record<string, ArrayLike<number>>>,
  round: (elements: ArrayLike<number>) => T,
): Record<string, T | Int32Array> {
  const values = new Map<string, Operand>();
  const results: Record<string, T | Int32Array> = {};
  const wanted = new Set(graph.outputs);
  const set = (name: string, elements: ArrayLike<number>) => {
    const type = graph.types[name];
    if (!type || elements.length !== elementCount(type.shape)) {
      throw new Error(
        `${name} has ${elements.length} elements, its type is ${JSON.stringify(type)}`,
      );
    }
    const data = type.type === 'int32' ? Int32Array.from(elements) : round(elements);
    values.set(name, { shape: type.shape, data });
    if (wanted.has(name)) results[name] = data;
  };
  for (const name of graph.inputs) {
    const elements = inputs[name];
    if (!elements) throw new Error(`the graph's input ${name} is not given`);
    set(name, elements);
  }
  for (const node of graph.nodes) {
    const kernel = kernels[node.op];
    if (!kernel) throw new Error(`the reference has no ${node.op}`);
    const types = node.outputs.map((name) => graph.types[name] ?? fail(name));
    const outputs = kernel(
      node.inputs.map((name) => values.get(name)),
      node.attributes,
      types,
    );
    node.outputs.forEach((name, index) => set(name, outputs[index] ?? []));
  }
  return results;
}

const fail = (name: string): never => {
  throw new Error(`the type of ${name} is not in the graph`);
};
