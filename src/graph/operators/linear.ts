// Products: matrix products and two-dimensional convolutions with their gradients. Nearly all of a
// network's time is spent here.

import { flag, integer, integers, integersOf, numberOf, real } from '../attributes.ts';
import type { Shape, TensorType } from '../graph.ts';
import { elementCount } from '../graph.ts';
import type { Application, Operator } from './operator.ts';
import {
  broadcastShapes,
  bytesOf,
  float32,
  misfit,
  operand,
  operandOfShape,
  sameShape,
} from './operator.ts';
import { pooledSize } from './pooling.ts';

const convolution = {
  strides: integers(1, 2, [1, 1]),
  pads: integers(0, 4, [0, 0, 0, 0]),
  group: integer(1, 1),
};

function gemm(application: Application): readonly TensorType[] {
  const [a0 = 0, a1 = 0] = operand(application, 0, 2).shape;
  const [b0 = 0, b1 = 0] = operand(application, 1, 2).shape;
  const { transA, transB } = application.attributes;
  const [rows, inner] = transA ? [a1, a0] : [a0, a1];
  const [innerOfB, columns] = transB ? [b1, b0] : [b0, b1];
  if (inner !== innerOfB) throw misfit(application, 'inner sizes to be equal');
  const shape = [rows, columns];
  if (application.inputs[2]) {
    const joint = broadcastShapes(operand(application, 2).shape, shape);
    if (!joint || !sameShape(joint, shape)) {
      throw misfit(application, `input 2 to broadcast to [${shape.join(', ')}]`);
    }
  }
  return [float32(shape)];
}

function matMul(application: Application): readonly TensorType[] {
  const a = operand(application, 0).shape;
  const b = operand(application, 1).shape;
  const leading = broadcastShapes(a.slice(0, -2), b.slice(0, -2));
  if (a.length < 2 || b.length < 2 || a.at(-1) !== b.at(-2) || !leading) {
    throw misfit(application, '[..., m, k] and [..., k, n], leading axes that broadcast');
  }
  return [float32([...leading, a.at(-2) ?? 0, b.at(-1) ?? 0])];
}

/** The shape of Conv's output for input [n, c, h, w] and weight [o, c/group, kh, kw]. */
function convolvedShape(application: Application, input: Shape, weight: Shape): Shape {
  const [n = 0, channels, h = 0, w = 0] = input;
  const [filters = 0, perGroup = 0, kh = 0, kw = 0] = weight;
  const { attributes } = application;
  const group = numberOf(attributes, 'group');
  const [top = 0, left = 0, bottom = 0, right = 0] = integersOf(attributes, 'pads');
  const [down = 1, across = 1] = integersOf(attributes, 'strides');
  const height = pooledSize(h, kh, down, top, bottom);
  const width = pooledSize(w, kw, across, left, right);
  if (channels !== perGroup * group || filters % group !== 0 || height < 1 || width < 1) {
    throw misfit(
      application,
      `a weight [o, c/group, kh, kw] with group ${group} that divides o and a kernel within the padded image`,
    );
  }
  return [n, filters, height, width];
}

function conv(application: Application): readonly TensorType[] {
  const weight = operand(application, 1, 4).shape;
  const shape = convolvedShape(application, operand(application, 0, 4).shape, weight);
  if (application.inputs[2]) operandOfShape(application, 2, weight.slice(0, 1));
  return [float32(shape)];
}

function convInputGradient(application: Application): readonly TensorType[] {
  const inputShape = integersOf(application.attributes, 'inputShape');
  const weight = operand(application, 1, 4).shape;
  operandOfShape(application, 0, convolvedShape(application, inputShape, weight));
  return [float32(inputShape)];
}

function convWeightGradient(application: Application): readonly TensorType[] {
  const [, filters = 0] = operand(application, 0, 4).shape;
  const input = operand(application, 1, 4).shape;
  const channels = (input[1] ?? 0) / numberOf(application.attributes, 'group');
  const shape = [filters, channels, ...integersOf(application.attributes, 'kernel')];
  operandOfShape(application, 0, convolvedShape(application, input, shape));
  if (application.inputs[2]) operandOfShape(application, 2, shape);
  return [float32(shape)];
}

/** Two operations for each multiply-add: `products` of them, and one for each element of an addend. */
const costOf = (
  application: Application,
  outputs: readonly TensorType[],
  products: number,
): ReturnType<Operator['cost']> => ({
  flops: 2 * products + (application.inputs[2] && outputs[0] ? elementCount(outputs[0].shape) : 0),
  bytes: bytesOf(application, outputs),
});

const count = (type: TensorType | undefined): number => (type ? elementCount(type.shape) : 0);

/** Each element of Conv's output is one product of a filter's length. */
const filterLength = (weight: TensorType | undefined): number =>
  count(weight) / (weight?.shape[0] ?? 1);

export const linear = {
  // Y = alpha * A' * B' + beta * C
  Gemm: {
    arity: [2, 3],
    attributes: { transA: flag(0), transB: flag(0), alpha: real(1), beta: real(1) },
    infer: gemm,
    cost: (application, outputs) => {
      const inner = application.inputs[0]?.shape[application.attributes['transA'] ? 0 : 1] ?? 0;
      return costOf(application, outputs, count(outputs[0]) * inner);
    },
    inPlace: [[2]],
  },
  MatMul: {
    arity: [2, 2],
    attributes: {},
    infer: matMul,
    cost: (application, outputs) =>
      costOf(application, outputs, count(outputs[0]) * (application.inputs[0]?.shape.at(-1) ?? 0)),
    inPlace: [],
  },
  Conv: {
    arity: [2, 3],
    attributes: convolution,
    infer: conv,
    cost: (application, outputs) =>
      costOf(application, outputs, count(outputs[0]) * filterLength(application.inputs[1])),
    inPlace: [],
  },
  // dY, W -> dX
  ConvInputGradient: {
    arity: [2, 2],
    attributes: { ...convolution, inputShape: integers(1, 4) },
    infer: convInputGradient,
    cost: (application, outputs) =>
      costOf(
        application,
        outputs,
        count(application.inputs[0]) * filterLength(application.inputs[1]),
      ),
    inPlace: [],
  },
  // dY, X, C? -> dW, plus C
  ConvWeightGradient: {
    arity: [2, 3],
    attributes: { ...convolution, kernel: integers(1, 2) },
    infer: convWeightGradient,
    cost: (application, outputs) =>
      costOf(application, outputs, count(application.inputs[0]) * filterLength(outputs[0])),
    inPlace: [[2]],
  },
} satisfies Record<string, Operator>;
