// Drops what a graph's outputs do not need.

import type { Graph, GraphNode, TensorType } from './graph.ts';

/**
 * The graph without dead nodes and without unused inputs; `keep.inputs` stay declared even if unused,
 * `keep.outputs` (all of the graph's by default) are what is needed.
 */
export function prune(
  graph: Graph,
  keep: { inputs?: readonly string[]; outputs?: readonly string[] } = {},
): Graph {
  const outputs = keep.outputs ?? graph.outputs;
  const needed = new Set<string>(outputs);
  const nodes: GraphNode[] = [];
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((output) => needed.has(output))) continue;
    for (const input of node.inputs) if (input !== '') needed.add(input);
    nodes.push(node);
  }
  nodes.reverse();
  const kept = new Set(keep.inputs);
  const inputs = graph.inputs.filter((name) => needed.has(name) || kept.has(name));
  const values = new Set([...inputs, ...nodes.flatMap((node) => node.outputs)]);
  const types: Record<string, TensorType> = Object.fromEntries(
    Object.entries(graph.types).filter(([name]) => values.has(name)),
  );
  return { inputs, nodes, outputs, types };
}
