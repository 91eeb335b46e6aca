// Every operator there is, in one table: whatever builds, checks, costs, differentiates or runs a graph
// looks here. ONNX's names and semantics where ONNX has the operator (https://onnx.ai/onnx/operators).

import { RingError } from '../errors.ts';
import { completeAttributes } from './attributes.ts';
import type { Attributes, GraphNode, TensorType } from './graph.ts';
import { elementwise } from './operators/elementwise.ts';
import { linear } from './operators/linear.ts';
import type { Application, Operator } from './operators/operator.ts';
import { sameType } from './operators/operator.ts';
import { optimizers } from './operators/optimizer.ts';
import { pooling } from './operators/pooling.ts';
import { reductions } from './operators/reduction.ts';
import { shaping } from './operators/shape.ts';

export type { Application, Cost, Operator } from './operators/operator.ts';

const table = { ...linear, ...pooling, ...elementwise, ...reductions, ...shaping, ...optimizers };

export type OperatorName = keyof typeof table;

export const operators: Readonly<Record<OperatorName, Operator>> = table;

export const operatorNames = Object.keys(table) as readonly OperatorName[];

/** Errors: GRAPH when there is no such operator. */
export function operatorOf(op: string): Operator {
  if (!Object.hasOwn(operators, op)) throw new RingError('GRAPH', `there is no operator ${op}`);
  return operators[op as OperatorName];
}

/**
 * Attributes with defaults filled in and the types of the outputs.
 * Errors: GRAPH when number, types or attributes do not fit.
 */
export function inferTypes(
  op: string,
  inputs: readonly (TensorType | undefined)[],
  given: Attributes = {},
): { attributes: Attributes; outputs: readonly TensorType[] } {
  const operator = operatorOf(op);
  const [fewest, most] = operator.arity;
  if (inputs.length < fewest || inputs.length > most) {
    const expected = fewest === most ? `${fewest}` : `${fewest} to ${most}`;
    throw new RingError('GRAPH', `${op} of ${inputs.length} inputs: expected ${expected}`);
  }
  const attributes = completeAttributes(op, operator.attributes, given);
  return { attributes, outputs: operator.infer({ op, inputs, attributes }) };
}

/** A node with its types, as inference and cost look at it. */
export const applicationOf = (
  node: GraphNode,
  types: Readonly<Record<string, TensorType>>,
): Application => ({
  op: node.op,
  inputs: node.inputs.map((input) => types[input]),
  attributes: node.attributes,
});

/**
 * The inputs whose memory output `output` of the node may take: the operator allows it, the types are
 * the same, and the node reads the value nowhere else.
 */
export function inPlaceInputs(
  node: GraphNode,
  output: number,
  types: Readonly<Record<string, TensorType>>,
): readonly string[] {
  const result = types[node.outputs[output] ?? ''];
  return (operatorOf(node.op).inPlace[output] ?? [])
    .map((index) => node.inputs[index] ?? '')
    .filter((name) => {
      const type = types[name];
      const once = node.inputs.indexOf(name) === node.inputs.lastIndexOf(name);
      return type && result && sameType(type, result) && once;
    });
}
