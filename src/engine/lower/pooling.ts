// Pooling: planes of [h, w]; windows of 2x2 side by side have kernels of their own.

import { integersOf } from '../../graph/attributes.ts';
import type { Shape } from '../../graph/graph.ts';
import type { KernelName } from '../kernels.ts';
import type { Lower, Lowering } from '../lower.ts';
import { input, output } from './node.ts';

/** Sizes as the kernels take them, for unpooled `x` and pooled `y`. */
function geometryOf(node: Lowering, x: Shape, y: Shape) {
  const [n = 1, c = 1, h = 1, w = 1] = x;
  const [, , oh = 1, ow = 1] = y;
  const kernel = integersOf(node.attributes, 'kernel');
  const strides = integersOf(node.attributes, 'strides');
  const pads = integersOf(node.attributes, 'pads');
  const [top = 0, left = 0] = pads;
  const halves = [...kernel, ...strides].every((size) => size === 2) && pads.every((p) => p === 0);
  return {
    halves,
    plain: [n * c, h, w],
    all: [n * c, h, w, oh, ow, ...kernel, ...strides, top, left],
  };
}

function maxPool(node: Lowering): void {
  const x = input(node, 0);
  const y = output(node);
  const g = geometryOf(node, x.shape, y.shape);
  if (g.halves) node.call('maxPool2', x.at, y.at, ...g.plain);
  else node.call('maxPool', x.at, y.at, ...g.all);
}

function maxPoolGradient(node: Lowering): void {
  const [dy, x, y] = [input(node, 0), input(node, 1), input(node, 2)];
  const g = geometryOf(node, x.shape, y.shape);
  const addresses = [dy.at, x.at, y.at, output(node).at];
  if (g.halves) node.call('maxPool2Gradient', ...addresses, ...g.plain);
  else node.call('maxPoolGradient', ...addresses, ...g.all);
}

const average =
  (kernel: KernelName, unpooled: 'input' | 'output'): Lower =>
  (node) => {
    const from = input(node, 0);
    const to = output(node);
    const [x, y] = unpooled === 'input' ? [from, to] : [to, from];
    node.call(kernel, from.at, to.at, ...geometryOf(node, x.shape, y.shape).all);
  };

export const pooling = {
  MaxPool: maxPool,
  MaxPoolGradient: maxPoolGradient,
  AveragePool: average('averagePool', 'input'),
  AveragePoolGradient: average('averagePoolGradient', 'output'),
} satisfies Record<string, Lower>;
