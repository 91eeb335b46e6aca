// Gradients of products and pooling.

import { RingError } from '../../errors.ts';
import { elementCount } from '../graph.ts';
import type { Differential, GradientRules } from './rule.ts';

const flip = (flag: unknown): 0 | 1 => (flag ? 0 : 1);

// Y = alpha A' B': dA' = alpha dY B'^T and dB' = alpha A'^T dY, transposed where the operand was.
const gemm: GradientRules = [
  (node) => {
    const { transA, transB, alpha = 1 } = node.node.attributes;
    return transA
      ? node.apply('Gemm', [node.x(1), node.dy], { transA: transB ?? 0, transB: 1, alpha })
      : node.apply('Gemm', [node.dy, node.x(1)], { transB: flip(transB), alpha });
  },
  (node) => {
    const { transA, transB, alpha = 1 } = node.node.attributes;
    return transB
      ? node.apply('Gemm', [node.dy, node.x(0)], { transA: 1, transB: transA ?? 0, alpha })
      : node.apply('Gemm', [node.x(0), node.dy], { transA: flip(transA), alpha });
  },
  (node) => {
    if (node.node.attributes['beta'] !== 1) {
      throw new RingError('GRAPH', 'the gradient of Gemm needs beta = 1');
    }
    return node.sumTo(node.dy, node.shape(node.x(2)));
  },
];

/** `value` with its last two axes exchanged. */
function transposed(node: Differential, value: string): string {
  const axes = [...node.shape(value).keys()];
  const perm = [...axes.slice(0, -2), ...axes.slice(-2).toReversed()];
  return node.apply('Transpose', [value], { perm });
}

/** All axes but the last as rows. */
function asRows(node: Differential, value: string): string {
  const shape = node.shape(value);
  return node.reshape(value, [elementCount(shape.slice(0, -1)), shape.at(-1) ?? 1]);
}

// With a plain matrix on the right the leading axes are only rows: one product, no transposes.
const matMul: GradientRules = [
  (node) => {
    const shape = node.shape(node.x(0));
    if (node.shape(node.x(1)).length === 2) {
      const rows = node.apply('Gemm', [asRows(node, node.dy), node.x(1)], { transB: 1 });
      return node.reshape(rows, shape);
    }
    return node.sumTo(node.apply('MatMul', [node.dy, transposed(node, node.x(1))]), shape);
  },
  (node) => {
    const shape = node.shape(node.x(1));
    if (shape.length === 2) {
      const operands = [asRows(node, node.x(0)), asRows(node, node.dy)];
      return node.apply('Gemm', operands, { transA: 1 });
    }
    return node.sumTo(node.apply('MatMul', [transposed(node, node.x(0)), node.dy]), shape);
  },
];

const conv: GradientRules = [
  (node) =>
    node.apply('ConvInputGradient', [node.dy, node.x(1)], {
      ...node.node.attributes,
      inputShape: node.shape(node.x(0)),
    }),
  (node) =>
    node.apply('ConvWeightGradient', [node.dy, node.x(0)], {
      ...node.node.attributes,
      kernel: node.shape(node.x(1)).slice(2),
    }),
  (node) => node.apply('ReduceSum', [node.dy], { axes: [0, 2, 3], keepdims: 0 }),
];

export const linearGradients = {
  Gemm: gemm,
  MatMul: matMul,
  Conv: conv,
  MaxPool: [
    (node) =>
      node.apply('MaxPoolGradient', [node.dy, node.x(), node.y], { ...node.node.attributes }),
  ],
  AveragePool: [
    (node) =>
      node.apply('AveragePoolGradient', [node.dy], {
        ...node.node.attributes,
        inputShape: node.shape(node.x()),
      }),
  ],
} satisfies Record<string, GradientRules>;
