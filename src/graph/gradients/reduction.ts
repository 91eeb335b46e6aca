// Gradients of reductions, softmax and the loss on it.

import { integersOf } from '../attributes.ts';
import { elementCount } from '../graph.ts';
import type { GradientRule, GradientRules } from './rule.ts';

const reduceSum: GradientRule = (node) => {
  const shape = node.shape(node.x());
  const axes = integersOf(node.node.attributes, 'axes');
  const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  return node.apply('Broadcast', [node.reshape(node.dy, kept)], { shape });
};

// A mean is an average pool whose one window is all that is averaged; that spreads and divides at once.
const reduceMean: GradientRule = (node) => {
  const shape = node.shape(node.x());
  const axes = integersOf(node.node.attributes, 'axes');
  const order = [
    ...[...shape.keys()].filter((axis) => !axes.includes(axis)),
    ...[...axes].sort((a, b) => a - b),
  ];
  const width = elementCount(axes.map((axis) => shape[axis] ?? 1));
  const rows = elementCount(shape) / width;
  const spread = node.apply('AveragePoolGradient', [node.reshape(node.dy, [1, rows, 1, 1])], {
    kernel: [1, width],
    inputShape: [1, rows, 1, width],
  });
  const ordered = node.reshape(
    spread,
    order.map((axis) => shape[axis] ?? 1),
  );
  if (order.every((axis, place) => axis === place)) return ordered;
  return node.apply('Transpose', [ordered], { perm: order.map((_, axis) => order.indexOf(axis)) });
};

export const reductionGradients = {
  ReduceSum: [reduceSum],
  ReduceMean: [reduceMean],
  ReduceSumSquare: [
    (node) => node.apply('Scale', [node.apply('Add', [node.x(), node.x()]), node.dy]),
  ],
  Softmax: [(node) => node.apply('SoftmaxGradient', [node.dy, node.y])],
  SoftmaxCrossEntropy: [
    (node) => node.apply('SoftmaxCrossEntropyGradient', [node.dy, node.x(0), node.x(1)]),
    undefined,
  ],
} satisfies Record<string, GradientRules>;
