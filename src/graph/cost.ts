// What a graph costs, before it is run anywhere: the sum over its nodes.

import type { Graph } from './graph.ts';
import type { Cost } from './operators.ts';
import { applicationOf, operatorOf } from './operators.ts';

/** Floating-point operations of a graph, and the bytes that its operators read and write. */
export function graphCost(graph: Graph): Cost {
  let flops = 0;
  let bytes = 0;
  for (const node of graph.nodes) {
    const outputs = node.outputs.flatMap((name) => graph.types[name] ?? []);
    const cost = operatorOf(node.op).cost(applicationOf(node, graph.types), outputs);
    flops += cost.flops;
    bytes += cost.bytes;
  }
  return { flops, bytes };
}
