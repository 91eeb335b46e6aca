// Applications of every operator on odd shapes, for the compliance suite: each is run by an engine and
// by the naive reference.

import type { Attributes, ElementType, Graph, Shape } from '../graph/graph.ts';
import { elementCount } from '../graph/graph.ts';
import { GraphBuilder } from '../graph/builder.ts';
import type { OperatorName } from '../graph/operators.ts';

type Values = (index: number) => number;

export interface OperandCase {
  readonly shape: Shape;
  readonly type: ElementType;
  readonly values: Values;
}

export interface OperatorCase {
  readonly op: OperatorName;
  /** Absent optional inputs are undefined. */
  readonly inputs: readonly (OperandCase | undefined)[];
  readonly attributes: Attributes;
}

/** Scattered numbers in [-1, 1), the same everywhere. */
export const scattered =
  (seed: number): Values =>
  (index) => {
    let h = Math.imul(index + 1, 0x9e3779b1) ^ Math.imul(seed + 1, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
    return ((h ^ (h >>> 13)) >>> 0) / 2 ** 31 - 1;
  };

let seeds = 0;
const x = (...shape: number[]): OperandCase => {
  const values = scattered(seeds++);
  return { shape, type: 'float32', values: (i) => 2 * values(i) };
};
const positive = (...shape: number[]): OperandCase => {
  const values = scattered(seeds++);
  return { shape, type: 'float32', values: (i) => Math.abs(values(i)) + 0.01 };
};
const below = (limit: number, ...shape: number[]): OperandCase => {
  const values = scattered(seeds++);
  return { shape, type: 'int32', values: (i) => Math.floor(((values(i) + 1) / 2) * limit) };
};
const scalars = (...numbers: number[]): OperandCase => ({
  shape: [numbers.length],
  type: 'float32',
  values: (i) => numbers[i] ?? 0,
});
const of = (
  op: OperatorName,
  inputs: readonly (OperandCase | undefined)[],
  attributes: Attributes = {},
): OperatorCase => ({ op, inputs, attributes });

const products = [
  [1, 1, 1],
  [1, 7, 5],
  [6, 8, 3],
  [7, 9, 300],
  [13, 1, 33],
  [3, 530, 17],
  [125, 19, 40],
].flatMap(([m = 1, n = 1, k = 1]) =>
  [0, 1].flatMap((transA) =>
    [0, 1].flatMap((transB) => {
      const a = transA ? x(k, m) : x(m, k);
      const b = transB ? x(n, k) : x(k, n);
      return [
        of('Gemm', [a, b], { transA, transB }),
        of('Gemm', [a, b, x(n)], { transA, transB, alpha: 0.5 }),
        of('Gemm', [a, b, x(m, n)], { transA, transB, beta: 2 }),
      ];
    }),
  ),
);

const convolutions = (
  [
    [x(2, 3, 7, 6), x(4, 3, 3, 3), [1, 1], [1, 1, 1, 1], 1],
    [x(3, 2, 9, 8), x(5, 2, 3, 2), [2, 3], [0, 1, 1, 0], 1],
    [x(1, 4, 5, 9), x(6, 2, 5, 3), [1, 2], [2, 1, 2, 1], 2],
    [x(2, 5, 8, 11), x(5, 1, 3, 3), [1, 1], [1, 1, 1, 1], 5],
    [x(2, 3, 9, 7), x(3, 1, 3, 3), [2, 2], [1, 0, 1, 2], 3],
    [x(2, 3, 5, 5), x(4, 3, 1, 1), [1, 1], [0, 0, 0, 0], 1],
    [x(2, 2, 3, 2), x(3, 2, 5, 5), [1, 1], [2, 2, 2, 2], 1],
    [x(2, 1, 12, 12), x(8, 1, 3, 3), [1, 1], [1, 1, 1, 1], 1],
  ] as const
).flatMap(([input, weight, strides, pads, group]) => {
  const [n = 1, , h = 1, w = 1] = input.shape;
  const [o = 1, , kh = 1, kw = 1] = weight.shape;
  const oh = Math.floor((h + pads[0] + pads[2] - kh) / strides[0]) + 1;
  const ow = Math.floor((w + pads[1] + pads[3] - kw) / strides[1]) + 1;
  const dy = x(n, o, oh, ow);
  const shared = { strides, pads, group };
  return [
    of('Conv', [input, weight], shared),
    of('Conv', [input, weight, x(o)], shared),
    of('ConvInputGradient', [dy, weight], { ...shared, inputShape: input.shape }),
    of('ConvWeightGradient', [dy, input], { ...shared, kernel: [kh, kw] }),
    of('ConvWeightGradient', [dy, input, x(...weight.shape)], { ...shared, kernel: [kh, kw] }),
  ];
});

/** Few distinct values, so that maxima are often met twice. */
const coarse = (...shape: number[]): OperandCase => {
  const values = scattered(seeds++);
  return { shape, type: 'float32', values: (i) => Math.round(2 * values(i)) };
};

const pools = (
  [
    [coarse(2, 3, 8, 18), [2, 2], [2, 2], [0, 0, 0, 0]],
    [coarse(2, 3, 7, 11), [2, 2], [2, 2], [0, 0, 0, 0]],
    [coarse(1, 2, 9, 8), [3, 3], [2, 1], [1, 1, 1, 1]],
    [coarse(2, 1, 5, 7), [2, 3], [1, 3], [0, 2, 1, 1]],
  ] as const
).flatMap(([input, kernel, strides, pads]) => {
  const [n = 1, c = 1, h = 1, w = 1] = input.shape;
  const oh = Math.floor((h + pads[0] + pads[2] - kernel[0]) / strides[0]) + 1;
  const ow = Math.floor((w + pads[1] + pads[3] - kernel[1]) / strides[1]) + 1;
  const dy = x(n, c, oh, ow);
  const shared = { kernel, strides, pads };
  return [
    of('MaxPool', [input], shared),
    of('AveragePool', [input], shared),
    of('AveragePoolGradient', [dy], { ...shared, inputShape: input.shape }),
  ];
});

const unary = [
  ...(['Neg', 'Exp', 'Softplus', 'Relu', 'Gelu', 'Silu', 'Tanh', 'Sigmoid'] as const).map((op) =>
    of(op, [x(3, 7)]),
  ),
  of('Log', [positive(11)]),
  of('Sqrt', [positive(6)]),
  of('LeakyRelu', [x(9)], { alpha: 0.2 }),
  of('Elu', [x(2, 5)], { alpha: 1.5 }),
  ...(
    ['ReluGradient', 'TanhGradient', 'SigmoidGradient', 'GeluGradient', 'SiluGradient'] as const
  ).map((op) => of(op, [x(3, 7), x(3, 7)])),
  of('LeakyReluGradient', [x(9), x(9)], { alpha: 0.2 }),
  of('EluGradient', [x(9), x(9)], { alpha: 1.5 }),
  of('Scale', [x(5, 3), x()]),
  of('Dropout', [x(3, 4, 5), below(1000, 2)], { ratio: 0.3, seed: 4_000_000_000, layer: 7 }),
  of('Dropout', [x(9, 3), below(1000, 2)], { ratio: 0, seed: 1, layer: 0 }),
];

const binary = (['Add', 'Sub', 'Mul', 'Div'] as const).flatMap((op) => [
  of(op, [x(3, 7), positive(3, 7)]),
  of(op, [x(3, 7), positive(7)]),
  of(op, [x(7), positive(3, 7)]),
  of(op, [x(2, 9), positive()]),
  of(op, [x(), positive(2, 9)]),
  of(op, [x(2, 3, 4, 5), positive(3, 1, 1)]),
  of(op, [x(4, 1), positive(1, 6)]),
  of(op, [x(2, 1, 3, 1, 2, 1, 5), positive(1, 3, 1, 2, 1, 4, 1)]),
  of(op, [x(), positive()]),
]);

const reductions = [
  of('ReduceSum', [x(5, 37)], { axes: [1] }),
  of('ReduceSum', [x(21, 19)], { axes: [0], keepdims: 0 }),
  of('ReduceSum', [x(3, 4, 5, 6)], { axes: [0, 2, 3] }),
  of('ReduceSum', [x(3, 4, 5, 6)], { axes: [1, 3], keepdims: 0 }),
  of('ReduceSum', [x(4, 1)], { axes: [1] }),
  of('ReduceMean', [x(3, 4, 5)], { axes: [0, 1, 2], keepdims: 0 }),
  of('ReduceMean', [x(3, 4, 5)], { axes: [2] }),
  of('ReduceMean', [x(3, 4, 17)], { axes: [1] }),
  of('ReduceSumSquare', [x(7, 9)]),
  of('Softmax', [x(5, 10)]),
  of('Softmax', [x(2, 3, 1)]),
  of('SoftmaxGradient', [x(5, 11), positive(5, 11)]),
  of('SoftmaxCrossEntropy', [x(6, 10), below(10, 6)]),
  of('SoftmaxCrossEntropy', [x(2, 3, 7), below(7, 2, 3)]),
  of('SoftmaxCrossEntropyGradient', [x(6), x(6, 10), below(10, 6)]),
  of('ArgMax', [coarse(9, 5)]),
];

const shaping = [
  of('Reshape', [x(3, 4)], { shape: [2, 6] }),
  of('Identity', [x(5)]),
  of('Transpose', [x(5, 9)], { perm: [1, 0] }),
  of('Transpose', [x(3, 5, 6)], { perm: [0, 2, 1] }),
  of('Transpose', [x(2, 3, 4, 5)], { perm: [0, 2, 1, 3] }),
  of('Transpose', [x(2, 3, 4, 5)], { perm: [3, 1, 0, 2] }),
  of('Transpose', [x(2, 3, 2, 3, 2)], { perm: [4, 2, 0, 3, 1] }),
  of('Slice', [x(4, 5, 3)], { axis: 1, start: 1, end: 4 }),
  of('Slice', [x(7, 2)], { axis: 0, start: 2, end: 3 }),
  of('Concat', [x(2, 3, 2), x(2, 1, 2), x(2, 4, 2)], { axis: 1 }),
  of('Gather', [x(6, 5), below(6, 3, 4)]),
  of('GatherGradient', [x(3, 4, 5), below(6, 3, 4)], { rows: 6 }),
  of('Broadcast', [x(3, 1, 2)], { shape: [2, 3, 4, 2] }),
  of('Broadcast', [x()], { shape: [5] }),
  of('MatMul', [x(5, 4), x(4, 3)]),
  of('MatMul', [x(2, 3, 5, 4), x(4, 3)]),
  of('MatMul', [x(2, 3, 5, 4), x(2, 1, 4, 3)]),
  of('MatMul', [x(3, 1, 5, 4), x(2, 4, 3)]),
];

const optimizers = [
  of('Sgd', [x(11), x(11), undefined, scalars(0.1, 0.5)], { weightDecay: 0.01 }),
  of('Sgd', [x(11), x(11), undefined, scalars(0.1, 0.5)]),
  of('Sgd', [x(5, 3), x(5, 3), x(5, 3), scalars(0.1, 1)], { momentum: 0.9, weightDecay: 0.1 }),
  of('Sgd', [x(7), x(7), x(7), scalars(0.1, 1)], { momentum: 0.9, nesterov: 1 }),
  of('Adam', [x(11), x(11), x(11), positive(11), scalars(0.01, 0.5, 0.1, 0.001)], {
    weightDecay: 0.1,
  }),
  of('Adam', [x(11), x(11), x(11), positive(11), scalars(0.01, 0.5, 0.1, 0.001)], {
    weightDecay: 0.1,
    decoupled: 1,
  }),
];

export const operatorCases: readonly OperatorCase[] = [
  ...products,
  ...convolutions,
  ...pools,
  ...unary,
  ...binary,
  ...reductions,
  ...shaping,
  ...optimizers,
];

/** A graph of the one node, with inputs named by their number, and the data of its inputs. */
export function graphOf({ op, inputs, attributes }: OperatorCase): {
  graph: Graph;
  data: Record<string, Float32Array | Int32Array>;
} {
  const builder = new GraphBuilder();
  const data: Record<string, Float32Array | Int32Array> = {};
  const names = inputs.map((operand, index) => {
    if (!operand) return '';
    const { shape, type, values } = operand;
    const name = `in${index}`;
    const numbers = Array.from({ length: elementCount(shape) }, (_, i) => values(i));
    data[name] = type === 'int32' ? Int32Array.from(numbers) : Float32Array.from(numbers);
    return builder.input(name, { type, shape });
  });
  return { graph: builder.finish(builder.applyAll(op, names, attributes)), data };
}

/** MaxPool and its gradient in one graph, since the gradient needs a true output. */
export function maxPoolGraphs(): ReturnType<typeof graphOf>[] {
  return pools
    .filter(({ op }) => op === 'MaxPool')
    .map((pool) => {
      const { graph: forward, data } = graphOf(pool);
      const builder = new GraphBuilder();
      const [input = ''] = forward.inputs.map((name) =>
        builder.input(name, forward.types[name] ?? { type: 'float32', shape: [] }),
      );
      const y = builder.apply('MaxPool', [input], pool.attributes);
      const dy = builder.input('dy', builder.type(y));
      const count = elementCount(builder.type(y).shape);
      const graph = builder.finish([
        builder.apply('MaxPoolGradient', [dy, input, y], pool.attributes),
      ]);
      return {
        graph,
        data: { ...data, dy: Float32Array.from({ length: count }, (_, i) => i + 1) },
      };
    });
}
