// Gradients of the operators that only move elements: they move the gradient back.

import { integersOf, numberOf } from '../attributes.ts';
import { elementCount } from '../graph.ts';
import type { GradientRule, GradientRules } from './rule.ts';

const transpose: GradientRule = (node) => {
  const perm = integersOf(node.node.attributes, 'perm');
  return node.apply('Transpose', [node.dy], { perm: perm.map((_, axis) => perm.indexOf(axis)) });
};

// Zeros before and after: an average pool of single elements over the padded gradient.
const slice: GradientRule = (node) => {
  const shape = node.shape(node.x());
  const [axis, start, end] = ['axis', 'start', 'end'].map((name) =>
    numberOf(node.node.attributes, name),
  ) as [number, number, number];
  const before = elementCount(shape.slice(0, axis));
  const after = elementCount(shape.slice(axis + 1));
  const padded = node.apply(
    'AveragePool',
    [node.reshape(node.dy, [1, before, end - start, after])],
    { kernel: [1, 1], pads: [start, 0, (shape[axis] ?? end) - end, 0] },
  );
  return node.reshape(padded, shape);
};

const concat: GradientRule = (node, input) => {
  const axis = numberOf(node.node.attributes, 'axis');
  const sizes = node.node.inputs.map((name) => node.shape(name)[axis] ?? 0);
  const start = sizes.slice(0, input).reduce((a, b) => a + b, 0);
  return node.apply('Slice', [node.dy], { axis, start, end: start + (sizes[input] ?? 0) });
};

export const shapeGradients = {
  Reshape: [(node) => node.reshape(node.dy, node.shape(node.x()))],
  Identity: [(node) => node.dy],
  Transpose: [transpose],
  Slice: [slice],
  Concat: [concat],
  Gather: [
    (node) =>
      node.apply('GatherGradient', [node.dy, node.x(1)], { rows: node.shape(node.x(0))[0] ?? 0 }),
    undefined,
  ],
  Broadcast: [(node) => node.sumTo(node.dy, node.shape(node.x()))],
} satisfies Record<string, GradientRules>;
