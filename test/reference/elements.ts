// Reference kernels: element-wise operators, reductions, softmax and the loss on it.

import { integersOf, numberOf } from '../../src/graph/attributes.ts';
import type { Attributes } from '../../src/graph/graph.ts';
import { elementCount } from '../../src/graph/graph.ts';
import type { Kernel, Operand } from './operand.ts';
import { at, broadcastRead, coordinates, generate, indexOf, read } from './operand.ts';

const binary =
  (f: (a: number, b: number) => number): Kernel =>
  (inputs, _, outputs) => [
    generate(outputs[0]?.shape ?? [], (place) =>
      f(broadcastRead(at(inputs, 0), place), broadcastRead(at(inputs, 1), place)),
    ),
  ];

const unary =
  (f: (x: number, attributes: Attributes) => number): Kernel =>
  (inputs, attributes) => [Float64Array.from(at(inputs, 0).data, (x) => f(x, attributes))];

/** dY times the derivative as a function of the second input. */
const gradient =
  (derivative: (value: number, attributes: Attributes) => number): Kernel =>
  (inputs, attributes) => {
    const [dy, value] = [at(inputs, 0), at(inputs, 1)];
    return [
      Float64Array.from(dy.data, (d, index) => d * derivative(read(value.data, index), attributes)),
    ];
  };

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** erf(x) = 2/sqrt(pi) exp(-x^2) sum of 2^n x^(2n+1) / (2n+1)!! (Abramowitz and Stegun 7.1.6). */
export function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; n < 200; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

const normalDistribution = (x: number): number => (1 + erf(x / Math.SQRT2)) / 2;
const normalDensity = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
const alpha = (attributes: Attributes): number => numberOf(attributes, 'alpha');

/** Mixes the bits of a 32-bit word (the finaliser of murmur3). */
function mix(word: number): number {
  let h = word >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

const dropout: Kernel = (inputs, attributes) => {
  const [x, counter] = [at(inputs, 0), at(inputs, 1)];
  const [ratio, seed, layer] = ['ratio', 'seed', 'layer'].map((name) =>
    numberOf(attributes, name),
  ) as [number, number, number];
  const perRow = elementCount(x.shape.slice(1));
  const a = mix(seed ^ mix(layer + 0x9e3779b9));
  const b = mix(a ^ mix(read(counter.data, 0) + 0x7f4a7c15));
  const y = Float64Array.from(x.data, (value, index) => {
    const row = read(counter.data, 1) + Math.floor(index / perRow);
    const word = mix(mix(b ^ mix(row + 0x165667b1)) ^ Math.imul(index % perRow, 0x9e3779b1));
    return word >= Math.floor(ratio * 2 ** 32) ? value / (1 - ratio) : 0;
  });
  return [y];
};

const reduce =
  (divide: boolean): Kernel =>
  (inputs, attributes, outputs) => {
    const x = at(inputs, 0);
    const axes = integersOf(attributes, 'axes');
    const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
    const y = new Float64Array(elementCount(outputs[0]?.shape ?? []));
    for (let index = 0; index < x.data.length; index++) {
      const place = coordinates(x.shape, index).map((at, axis) => (axes.includes(axis) ? 0 : at));
      const target = indexOf(kept, place);
      y[target] = read(y, target) + read(x.data, index);
    }
    const count = divide ? elementCount(axes.map((axis) => x.shape[axis] ?? 1)) : 1;
    return [y.map((sum) => sum / count)];
  };

/** The rows over the last axis. */
function rowsOf({ shape, data }: Operand): number[][] {
  const length = shape.at(-1) ?? 1;
  return Array.from({ length: data.length / length }, (_, row) =>
    Array.from({ length }, (_, column) => read(data, row * length + column)),
  );
}

function softmax(row: readonly number[]): number[] {
  const maximum = Math.max(...row);
  const powers = row.map((x) => Math.exp(x - maximum));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

const softmaxGradient: Kernel = (inputs) => {
  const [dy, y] = [rowsOf(at(inputs, 0)), rowsOf(at(inputs, 1))];
  const dx = dy.flatMap((dRow, r) => {
    const row = y[r] ?? [];
    const dot = dRow.reduce((sum, d, column) => sum + d * read(row, column), 0);
    return dRow.map((d, column) => read(row, column) * (d - dot));
  });
  return [dx];
};

const softmaxCrossEntropy: Kernel = (inputs) => {
  const targets = at(inputs, 1).data;
  const losses = rowsOf(at(inputs, 0)).map((row, r) => {
    const maximum = Math.max(...row);
    const sum = row.reduce((total, x) => total + Math.exp(x - maximum), 0);
    return Math.log(sum) + maximum - read(row, read(targets, r));
  });
  return [losses];
};

const softmaxCrossEntropyGradient: Kernel = (inputs) => {
  const [dl, targets] = [at(inputs, 0).data, at(inputs, 2).data];
  const dx = rowsOf(at(inputs, 1)).flatMap((row, r) =>
    softmax(row).map((p, column) => (p - (column === targets[r] ? 1 : 0)) * read(dl, r)),
  );
  return [dx];
};

export const elementKernels = {
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: binary((a, b) => a / b),
  Scale: binary((x, scalar) => x * scalar),
  Neg: unary((x) => -x),
  Exp: unary((x) => Math.exp(x)),
  Log: unary((x) => Math.log(x)),
  Sqrt: unary((x) => Math.sqrt(x)),
  Softplus: unary((x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  Relu: unary((x) => (x < 0 ? 0 : x)),
  LeakyRelu: unary((x, attributes) => (x < 0 ? alpha(attributes) * x : x)),
  Elu: unary((x, attributes) => (x < 0 ? alpha(attributes) * Math.expm1(x) : x)),
  Gelu: unary((x) => x * normalDistribution(x)),
  Silu: unary((x) => x * sigmoid(x)),
  Tanh: unary((x) => Math.tanh(x)),
  Sigmoid: unary(sigmoid),
  ReluGradient: gradient((y) => (y > 0 ? 1 : 0)),
  LeakyReluGradient: gradient((y, attributes) => (y > 0 ? 1 : alpha(attributes))),
  EluGradient: gradient((y, attributes) => (y > 0 ? 1 : y + alpha(attributes))),
  TanhGradient: gradient((y) => 1 - y * y),
  SigmoidGradient: gradient((y) => y * (1 - y)),
  GeluGradient: gradient((x) => normalDistribution(x) + x * normalDensity(x)),
  SiluGradient: gradient((x) => sigmoid(x) * (1 + x * (1 - sigmoid(x)))),
  Dropout: dropout,
  ReduceSum: reduce(false),
  ReduceMean: reduce(true),
  ReduceSumSquare: (inputs) => [
    [Array.from(at(inputs, 0).data).reduce((sum, x) => sum + x * x, 0)],
  ],
  Softmax: (inputs) => [rowsOf(at(inputs, 0)).flatMap(softmax)],
  SoftmaxGradient: softmaxGradient,
  SoftmaxCrossEntropy: softmaxCrossEntropy,
  SoftmaxCrossEntropyGradient: softmaxCrossEntropyGradient,
  ArgMax: (inputs) => [rowsOf(at(inputs, 0)).map((row) => row.indexOf(Math.max(...row)))],
} satisfies Record<string, Kernel>;
