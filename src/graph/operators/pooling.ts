// Two-dimensional pooling over [n, c, h, w]. Padding counts as -infinity for the maximum and as zeros
// for the average, which divides by the whole window (PyTorch's default).

import { integers, integersOf } from '../attributes.ts';
import type { Shape, TensorType } from '../graph.ts';
import { elementCount } from '../graph.ts';
import type { Application, Operator } from './operator.ts';
import { bytesOf, float32, misfit, operand, operandOfShape } from './operator.ts';

const window = {
  kernel: integers(1, 2),
  strides: integers(1, 2, [1, 1]),
  pads: integers(0, 4, [0, 0, 0, 0]),
};

/** How many windows fit along an axis: floor((size + padding - kernel) / stride) + 1. */
export const pooledSize = (
  size: number,
  kernel: number,
  stride: number,
  before: number,
  after: number,
): number => Math.floor((size + before + after - kernel) / stride) + 1;

function pooledShape(application: Application, input: Shape): Shape {
  const [n = 0, c = 0, h = 0, w = 0] = input;
  const [kh = 1, kw = 1] = integersOf(application.attributes, 'kernel');
  const [down = 1, across = 1] = integersOf(application.attributes, 'strides');
  const [top = 0, left = 0, bottom = 0, right = 0] = integersOf(application.attributes, 'pads');
  const height = pooledSize(h, kh, down, top, bottom);
  const width = pooledSize(w, kw, across, left, right);
  // A window that held padding alone would have no maximum.
  const empty =
    application.op.startsWith('Max') &&
    (Math.max(top, bottom) >= kh || Math.max(left, right) >= kw);
  if (empty || height < 1 || width < 1) {
    throw misfit(
      application,
      'a kernel within the padded image (and for a maximum larger than the padding)',
    );
  }
  return [n, c, height, width];
}

const pool = (application: Application): readonly TensorType[] => [
  float32(pooledShape(application, operand(application, 0, 4).shape)),
];

const cost: Operator['cost'] = (application, outputs) => {
  const [kh = 1, kw = 1] = integersOf(application.attributes, 'kernel');
  const elements = [application.inputs[0], outputs[0]].map((type) =>
    type ? elementCount(type.shape) : 0,
  );
  return { flops: Math.min(...elements) * kh * kw, bytes: bytesOf(application, outputs) };
};

export const pooling = {
  MaxPool: { arity: [1, 1], attributes: window, infer: pool, cost, inPlace: [] },
  // dY, X, Y -> dX; to the first maximum of each window in row order, as PyTorch
  MaxPoolGradient: {
    arity: [3, 3],
    attributes: window,
    infer: (application) => {
      const input = operand(application, 1, 4).shape;
      const output = pooledShape(application, input);
      operandOfShape(application, 0, output);
      operandOfShape(application, 2, output);
      return [float32(input)];
    },
    cost,
    inPlace: [],
  },
  AveragePool: { arity: [1, 1], attributes: window, infer: pool, cost, inPlace: [] },
  // dY -> dX
  AveragePoolGradient: {
    arity: [1, 1],
    attributes: { ...window, inputShape: integers(1, 4) },
    infer: (application) => {
      const input = integersOf(application.attributes, 'inputShape');
      operandOfShape(application, 0, pooledShape(application, input));
      return [float32(input)];
    },
    cost,
    inPlace: [],
  },
} satisfies Record<string, Operator>;
