// Element by element: functions of one tensor, functions of two with broadcasting, dropout.

import { numberOf } from '../../graph/attributes.ts';
import type { Shape } from '../../graph/graph.ts';
import { elementCount } from '../../graph/graph.ts';
import type { KernelName } from '../kernels.ts';
import type { Lower, Lowering, Place } from '../lower.ts';
import type { Address } from '../program.ts';
import { after } from '../program.ts';
import { input, output } from './node.ts';

/** Kernels of the form (inputs..., output, count, attribute?). */
const map =
  (kernel: KernelName, attribute?: string): Lower =>
  (node) => {
    const y = output(node);
    const inputs = node.inputs.map((_, index) => input(node, index).at);
    const parameters = attribute === undefined ? [] : [numberOf(node.attributes, attribute)];
    node.call(kernel, ...inputs, y.at, elementCount(y.shape), ...parameters);
  };

interface Axis {
  readonly size: number;
  /** Elements between neighbours along this axis, for each operand. */
  readonly strides: readonly number[];
}

/** The strides of a row-major operand within the result's shape: 0 along axes where it repeats. */
function broadcastStrides(shape: Shape, result: Shape): number[] {
  const padded = [...Array<number>(result.length - shape.length).fill(1), ...shape];
  let step = 1;
  const strides = padded.reduceRight<number[]>((found, size) => {
    found.unshift(size === 1 ? 0 : step);
    step *= size;
    return found;
  }, []);
  return strides;
}

/** Axes of size 1 dropped, and neighbours that every operand crosses in one stride made one. */
export function collapse(axes: readonly Axis[]): Axis[] {
  const kept: Axis[] = [];
  for (const axis of axes) {
    if (axis.size === 1) continue;
    const outer = kept.at(-1);
    if (outer && outer.strides.every((s, i) => s === (axis.strides[i] ?? 0) * axis.size))
      kept[kept.length - 1] = { size: outer.size * axis.size, strides: axis.strides };
    else kept.push(axis);
  }
  return kept;
}

/**
 * Calls `emit` with the innermost four axes (more are padded or unrolled) and, for each operand, the
 * offset in elements where they start.
 */
export function unroll(
  axes: readonly Axis[],
  operands: number,
  emit: (inner: readonly Axis[], starts: readonly number[], index: number) => void,
): void {
  const single: Axis = { size: 1, strides: Array<number>(operands).fill(0) };
  const padding = Array.from({ length: Math.max(0, 4 - axes.length) }, () => single);
  const inner = [...padding, ...axes.slice(-4)];
  let starts = [Array<number>(operands).fill(0)];
  for (const { size, strides } of axes.slice(0, Math.max(0, axes.length - 4)))
    starts = starts.flatMap((start) =>
      Array.from({ length: size }, (_, i) => start.map((s, o) => s + i * (strides[o] ?? 0))),
    );
  starts.forEach((start, index) => emit(inner, start, index));
}

/** y = kernel(a, b) over the broadcast shape of y. */
export function broadcast(
  node: Lowering,
  kernel: KernelName,
  a: Place,
  b: Place,
  y: { at: Address; shape: Shape },
): void {
  const ofA = broadcastStrides(a.shape, y.shape);
  const ofB = broadcastStrides(b.shape, y.shape);
  const axes = collapse(y.shape.map((size, i) => ({ size, strides: [ofA[i] ?? 0, ofB[i] ?? 0] })));
  unroll(axes, 2, (inner, [startA = 0, startB = 0], index) => {
    const count = inner.reduce((product, axis) => product * axis.size, 1);
    node.call(
      kernel,
      after(a.at, startA * 4),
      after(b.at, startB * 4),
      after(y.at, index * count * 4),
      ...inner.map((axis) => axis.size),
      ...inner.map((axis) => axis.strides[0] ?? 0),
      ...inner.map((axis) => axis.strides[1] ?? 0),
    );
  });
}

const binary =
  (kernel: KernelName): Lower =>
  (node) =>
    broadcast(node, kernel, input(node, 0), input(node, 1), output(node));

function dropout(node: Lowering): void {
  const x = input(node, 0);
  const ratio = numberOf(node.attributes, 'ratio');
  const rows = x.shape[0] ?? 1;
  node.call(
    'dropout',
    x.at,
    input(node, 1).at,
    output(node).at,
    rows,
    elementCount(x.shape) / rows,
    numberOf(node.attributes, 'seed'),
    numberOf(node.attributes, 'layer'),
    Math.floor(ratio * 2 ** 32),
    1 / (1 - ratio),
  );
}

export const elementwise = {
  Add: binary('add'),
  Sub: binary('sub'),
  Mul: binary('mul'),
  Div: binary('div'),
  Neg: map('neg'),
  Exp: map('exponential'),
  Log: map('logarithm'),
  Sqrt: map('squareRoot'),
  Softplus: map('softplus'),
  Relu: map('relu'),
  LeakyRelu: map('leakyRelu', 'alpha'),
  Elu: map('elu', 'alpha'),
  Gelu: map('gelu'),
  Silu: map('silu'),
  Tanh: map('hyperbolicTangent'),
  Sigmoid: map('logistic'),
  ReluGradient: map('reluGradient'),
  LeakyReluGradient: map('leakyReluGradient', 'alpha'),
  EluGradient: map('eluGradient', 'alpha'),
  TanhGradient: map('tanhGradient'),
  SigmoidGradient: map('sigmoidGradient'),
  GeluGradient: map('geluGradient'),
  SiluGradient: map('siluGradient'),
  Scale: map('scale'),
  Dropout: dropout,
} satisfies Record<string, Lower>;
