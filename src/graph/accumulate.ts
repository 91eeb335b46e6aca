// Weight gradients are summed over microbatches. A product adds to what is there at no cost, so the
// sum is made by the operator that computes the gradient wherever that is one.

import type { Graph, GraphNode, TensorType } from './graph.ts';

/** The name of the input that the gradient `output` is added to. */
export const sumName = (output: string): string => `sum/${output}`;

const productsWithAddend: ReadonlySet<string> = new Set(['Gemm', 'ConvWeightGradient']);

/**
 * The graph with an input `sum/<output>` for each output, which the output is the sum with. It may be
 * run in place: each output in its sum's memory.
 */
export function accumulate(graph: Graph): Graph {
  const outputs = new Set(graph.outputs);
  const readWithin = new Set(graph.nodes.flatMap((node) => node.inputs));
  const types: Record<string, TensorType> = { ...graph.types };
  const fresh = (name: string) =>
    outputs.has(name) && types[`fresh/${name}`] ? `fresh/${name}` : name;

  const nodes = graph.nodes.flatMap((node): GraphNode[] => {
    const inputs = node.inputs.map(fresh);
    const [output = ''] = node.outputs;
    const type = types[output];
    if (!outputs.has(output) || !type) return [{ ...node, inputs }];
    const sum = sumName(output);
    types[sum] = type;
    if (takesAddend(node) && !readWithin.has(output)) {
      return [{ ...node, inputs: [...inputs.slice(0, 2), sum] }];
    }
    types[`fresh/${output}`] = type;
    return [
      { ...node, inputs, outputs: [`fresh/${output}`] },
      { op: 'Add', inputs: [sum, `fresh/${output}`], outputs: [output], attributes: {} },
    ];
  });
  return {
    inputs: [...graph.inputs, ...graph.outputs.map(sumName)],
    nodes,
    outputs: graph.outputs,
    types,
  };
}

const takesAddend = ({ op, inputs }: GraphNode): boolean =>
  productsWithAddend.has(op) && !inputs[2];
