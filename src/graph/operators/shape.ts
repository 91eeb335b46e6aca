// Operators that move elements and compute nothing. Those that only move words take int32 as well.

import { integer, integers, integersOf, numberOf } from '../attributes.ts';
import type { Shape, TensorType } from '../graph.ts';
import { byteLength, elementCount } from '../graph.ts';
import type { Application, Operator } from './operator.ts';
import { broadcastShapes, bytesOf, float32, misfit, operand, sameShape } from './operator.ts';

/** The first input, of either element type. */
const any = (application: Application): TensorType =>
  operand(application, 0, undefined, application.inputs[0]?.type ?? 'float32');

const moves: Operator['cost'] = (application, outputs) => ({
  flops: 0,
  bytes: bytesOf(application, outputs),
});

function reshape(application: Application): readonly TensorType[] {
  const { type, shape: from } = any(application);
  const shape = integersOf(application.attributes, 'shape');
  if (elementCount(from) !== elementCount(shape)) {
    throw misfit(application, `as many elements as [${shape.join(', ')}]`);
  }
  return [{ type, shape }];
}

function transpose(application: Application): readonly TensorType[] {
  const { type, shape } = any(application);
  const perm = integersOf(application.attributes, 'perm');
  if (
    !sameShape(
      [...perm].sort((a, b) => a - b),
      [...shape.keys()],
    )
  ) {
    throw misfit(application, `perm [${perm.join(', ')}] to be an order of its axes`);
  }
  return [{ type, shape: perm.map((axis) => shape[axis] ?? 0) }];
}

function slice(application: Application): readonly TensorType[] {
  const { type, shape } = any(application);
  const [axis, start, end] = ['axis', 'start', 'end'].map((name) =>
    numberOf(application.attributes, name),
  ) as [number, number, number];
  if (start >= end || end > (shape[axis] ?? 0)) {
    throw misfit(application, `${start} < ${end} within axis ${axis}`);
  }
  return [{ type, shape: shape.with(axis, end - start) }];
}

function concat(application: Application): readonly TensorType[] {
  const first = any(application);
  const axis = numberOf(application.attributes, 'axis');
  const shapes = application.inputs.map(
    (_, index) => operand(application, index, first.shape.length, first.type).shape,
  );
  const others = (shape: Shape) => shape.filter((_, at) => at !== axis);
  const agree = shapes.every((shape) => sameShape(others(shape), others(first.shape)));
  if (axis >= first.shape.length || !agree) {
    throw misfit(application, `shapes that differ in axis ${axis} only`);
  }
  const size = shapes.reduce((sum, shape) => sum + (shape[axis] ?? 0), 0);
  return [{ type: first.type, shape: first.shape.with(axis, size) }];
}

function gather(application: Application): readonly TensorType[] {
  const { type, shape } = any(application);
  const indices = operand(application, 1, undefined, 'int32');
  if (shape.length === 0) throw misfit(application, 'at least one axis to gather from');
  return [{ type, shape: [...indices.shape, ...shape.slice(1)] }];
}

function gatherGradient(application: Application): readonly TensorType[] {
  const { shape } = operand(application, 0);
  const indices = operand(application, 1, undefined, 'int32').shape;
  if (!sameShape(shape.slice(0, indices.length), indices)) {
    throw misfit(application, 'dY [...indices, ...d] and the indices');
  }
  return [float32([numberOf(application.attributes, 'rows'), ...shape.slice(indices.length)])];
}

function expand(application: Application): readonly TensorType[] {
  const { type, shape: from } = any(application);
  const shape = integersOf(application.attributes, 'shape');
  const joint = broadcastShapes(from, shape);
  if (!joint || !sameShape(joint, shape)) {
    throw misfit(application, `a shape that broadcasts to [${shape.join(', ')}]`);
  }
  return [{ type, shape }];
}

export const shaping = {
  // A view: costs nothing.
  Reshape: {
    arity: [1, 1],
    attributes: { shape: integers(0) },
    infer: reshape,
    cost: () => ({ flops: 0, bytes: 0 }),
    inPlace: [[0]],
  },
  // A copy, for where a value must stand in two places.
  Identity: {
    arity: [1, 1],
    attributes: {},
    infer: (application) => [any(application)],
    cost: moves,
    inPlace: [],
  },
  Transpose: {
    arity: [1, 1],
    attributes: { perm: integers(0) },
    infer: transpose,
    cost: moves,
    inPlace: [],
  },
  Slice: {
    arity: [1, 1],
    attributes: { axis: integer(0), start: integer(0), end: integer(1) },
    infer: slice,
    cost: (_, [output]) => ({ flops: 0, bytes: output ? 2 * byteLength(output) : 0 }),
    inPlace: [],
  },
  Concat: {
    arity: [1, Infinity],
    attributes: { axis: integer(0) },
    infer: concat,
    cost: moves,
    inPlace: [],
  },
  // ONNX's Gather of axis 0: X [v, ...d], I int32 [...] -> [...i, ...d]
  Gather: {
    arity: [2, 2],
    attributes: {},
    infer: gather,
    cost: (_, [output]) => ({ flops: 0, bytes: output ? 2 * byteLength(output) : 0 }),
    inPlace: [],
  },
  // dY, I -> dX [rows, ...d]: added up in the order of the indices
  GatherGradient: {
    arity: [2, 2],
    attributes: { rows: integer(1) },
    infer: gatherGradient,
    cost: (application, outputs) => ({
      flops: elementCount(application.inputs[0]?.shape ?? []),
      bytes: bytesOf(application, outputs),
    }),
    inPlace: [],
  },
  // ONNX's Expand
  Broadcast: {
    arity: [1, 1],
    attributes: { shape: integers(0) },
    infer: expand,
    cost: moves,
    inPlace: [],
  },
} satisfies Record<string, Operator>;
