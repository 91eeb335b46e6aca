// What the lowerings share: reaching a node's inputs, outputs and attributes.

import { RingError } from '../../errors.ts';
import type { Shape } from '../../graph/graph.ts';
import type { Lowering, Place } from '../lower.ts';
import type { Address } from '../program.ts';

/** An input that the operator's inference has made sure of. */
export function input(node: Lowering, index: number): Place {
  const place = node.inputs[index];
  if (!place) throw new RingError('GRAPH', `a node lacks its input ${index}`);
  return place;
}

export function output(node: Lowering, index = 0): Place {
  const place = node.outputs[index];
  if (!place) throw new RingError('GRAPH', `a node lacks its output ${index}`);
  return place;
}

/** Sizes of the last axis and of all axes before it, as a matrix. */
export function asRows(shape: Shape): { rows: number; columns: number } {
  const columns = shape.at(-1) ?? 1;
  return { rows: shape.slice(0, -1).reduce((a, b) => a * b, 1), columns };
}

/** A matrix in memory: `stride` elements from row to row; `transposed`: it is used the other way round. */
export interface Matrix {
  readonly at: Address;
  readonly stride: number;
  readonly transposed?: boolean;
}

/** c [m,n] = alpha * a [m,k] * b [k,n] + beta * c, the sizes being those after transposing. */
export function multiply(
  node: Lowering,
  [m, n, k]: readonly [m: number, n: number, k: number],
  a: Matrix,
  b: Matrix,
  c: Matrix,
  { alpha = 1, beta = 0 } = {},
): void {
  const transposes = [Number(a.transposed ?? false), Number(b.transposed ?? false)];
  const left = [alpha, a.at, a.stride];
  const right = [b.at, b.stride, beta, c.at, c.stride];
  node.call('gemm', ...transposes, m, n, k, ...left, ...right);
}
