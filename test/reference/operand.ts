// What the reference kernels work on: a tensor as plain numbers, and the arithmetic of indices.

import type { Attributes, Shape, TensorType } from '../../src/graph/graph.ts';
import { elementCount } from '../../src/graph/graph.ts';

export interface Operand {
  readonly shape: Shape;
  readonly data: ArrayLike<number>;
}

/** Computes the outputs' elements, in float64, from the inputs (absent ones undefined). */
export type Kernel = (
  inputs: readonly (Operand | undefined)[],
  attributes: Attributes,
  outputs: readonly TensorType[],
) => readonly ArrayLike<number>[];

/** Input `index`, which the operator's types promise to be there. */
export function at(inputs: readonly (Operand | undefined)[], index: number): Operand {
  const input = inputs[index];
  if (!input) throw new Error(`input ${index} is absent`);
  return input;
}

export const read = (data: ArrayLike<number>, index: number): number => data[index] ?? Number.NaN;

/** The coordinates of element `index` in row-major order. */
export function coordinates(shape: Shape, index: number): number[] {
  const result: number[] = [];
  let rest = index;
  for (const size of shape.toReversed()) {
    result.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return result;
}

/** The row-major index of the element at `place`. */
export const indexOf = (shape: Shape, place: readonly number[]): number =>
  shape.reduce((index, size, axis) => index * size + (place[axis] ?? 0), 0);

/** The element of `operand` that broadcasts to `place` of a larger shape. */
export function broadcastRead({ shape, data }: Operand, place: readonly number[]): number {
  const own = place.slice(place.length - shape.length);
  return read(
    data,
    indexOf(
      shape,
      own.map((value, axis) => (shape[axis] === 1 ? 0 : value)),
    ),
  );
}

/** All elements of a tensor of `shape`, by their coordinates. */
export const generate = (shape: Shape, element: (place: number[]) => number): Float64Array =>
  Float64Array.from({ length: elementCount(shape) }, (_, index) =>
    element(coordinates(shape, index)),
  );
