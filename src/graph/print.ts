// A graph as text that a person can read: one line for each input, node and output.

import type { Graph, GraphNode, TensorType } from './graph.ts';
import { operatorOf } from './operators.ts';

/** `float32[2, 3]` */
export const printType = (type: TensorType): string => `${type.type}[${type.shape.join(', ')}]`;

/**
 * For example:
 *   input x: float32[2, 3]
 *   0.0: float32[2, 4] = Gemm(x, 0.weight, 0.bias) transB=1
 *   output 0.0
 */
export function printGraph(graph: Graph): string {
  const typed = (name: string): string => {
    const type = graph.types[name];
    return type ? `${name}: ${printType(type)}` : name;
  };
  return [
    ...graph.inputs.map((name) => `input ${typed(name)}`),
    ...graph.nodes.map((node) => {
      const outputs = node.outputs.map(typed).join(', ');
      const inputs = node.inputs.map((name) => name || '-').join(', ');
      return [`${outputs} = ${node.op}(${inputs})`, ...attributesOf(node)].join(' ');
    }),
    ...graph.outputs.map((name) => `output ${name}`),
  ].join('\n');
}

/** The attributes that are not the operator's defaults. */
function attributesOf(node: GraphNode): string[] {
  const rules = operatorOf(node.op).attributes;
  return Object.entries(node.attributes)
    .map(([name, value]) => ({ name, text: JSON.stringify(value) }))
    .filter(({ name, text }) => text !== JSON.stringify(rules[name]?.default))
    .map(({ name, text }) => `${name}=${text}`);
}
