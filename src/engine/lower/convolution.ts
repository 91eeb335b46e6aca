// Convolutions. Most become matrix products on patches laid out as columns, sample by sample; where a
// group has a single input channel the columns would cost more than they save, and direct loops
// take over.

import { integersOf, numberOf } from '../../graph/attributes.ts';
import type { Attributes, Shape } from '../../graph/graph.ts';
import { elementCount } from '../../graph/graph.ts';
import type { Lower, Lowering } from '../lower.ts';
import type { Address } from '../program.ts';
import { after } from '../program.ts';
import { broadcast } from './elementwise.ts';
import { input, multiply, output } from './node.ts';

/** The sizes of one convolution: x [n, groups*inputs, h, w], y [n, groups*outputs, oh, ow]. */
function geometryOf(attributes: Attributes, x: Shape, y: Shape, kernel: readonly number[]) {
  const [samples = 1, channels = 1, h = 1, w = 1] = x;
  const [, filters = 1, oh = 1, ow = 1] = y;
  const [kh = 1, kw = 1] = kernel;
  const [down = 1, across = 1] = integersOf(attributes, 'strides');
  const [top = 0, left = 0] = integersOf(attributes, 'pads');
  const groups = numberOf(attributes, 'group');
  const inputs = channels / groups;
  const outputs = filters / groups;
  const pointwise = kh === 1 && kw === 1 && down === 1 && across === 1 && h === oh && w === ow;
  return {
    samples,
    groups,
    inputs,
    outputs,
    /** Length of a filter, and how many places it is laid at. */
    patch: inputs * kh * kw,
    places: oh * ow,
    xBytes: channels * h * w * 4,
    yBytes: filters * oh * ow * 4,
    /** The columns of a 1x1 convolution are its input. */
    pointwise,
    direct: inputs === 1 && outputs === 1,
    columnOperands: [channels, h, w, kh, kw, oh, ow, down, across, top, left],
    directOperands: [groups, inputs, outputs, h, w, kh, kw, oh, ow, down, across, top, left],
  };
}

type Geometry = ReturnType<typeof geometryOf>;

const columnsBytes = ({ groups, patch, places }: Geometry): number => groups * patch * places * 4;

/** The columns of sample `index` of x. */
function columnsOf(node: Lowering, g: Geometry, x: Address, columns: Address): Address {
  if (g.pointwise) return x;
  node.call('im2col', x, columns, ...g.columnOperands);
  return columns;
}

/** Where group `group` starts in the weights, the columns and the output. */
const groupOf = (g: Geometry, group: number) => ({
  weights: group * g.outputs * g.patch * 4,
  columns: group * g.patch * g.places * 4,
  y: group * g.outputs * g.places * 4,
});

function convolve(node: Lowering): void {
  const x = input(node, 0);
  const weights = input(node, 1);
  const bias = node.inputs[2];
  const y = output(node);
  const g = geometryOf(node.attributes, x.shape, y.shape, weights.shape.slice(2));
  const perFilter = bias && { at: bias.at, shape: [elementCount(bias.shape), 1, 1] };
  if (g.direct) {
    if (perFilter) broadcast(node, 'expand', perFilter, perFilter, y);
    else node.call('fillZero', y.at, g.samples * g.yBytes);
    for (let s = 0; s < g.samples; s++)
      node.call(
        'convolve',
        after(x.at, s * g.xBytes),
        weights.at,
        after(y.at, s * g.yBytes),
        ...g.directOperands,
      );
    return;
  }
  const scratch = node.scratch(g.pointwise ? 0 : columnsBytes(g));
  for (let s = 0; s < g.samples; s++) {
    const columns = columnsOf(node, g, after(x.at, s * g.xBytes), scratch);
    for (let group = 0; group < g.groups; group++) {
      const at = groupOf(g, group);
      multiply(
        node,
        [g.outputs, g.places, g.patch],
        { at: after(weights.at, at.weights), stride: g.patch },
        { at: after(columns, at.columns), stride: g.places },
        { at: after(y.at, s * g.yBytes + at.y), stride: g.places },
      );
    }
  }
  if (perFilter) broadcast(node, 'add', y, perFilter, y);
}

function inputGradient(node: Lowering): void {
  const dy = input(node, 0);
  const weights = input(node, 1);
  const dx = output(node);
  const g = geometryOf(node.attributes, dx.shape, dy.shape, weights.shape.slice(2));
  if (g.direct) {
    node.call('fillZero', dx.at, g.samples * g.xBytes);
    for (let s = 0; s < g.samples; s++)
      node.call(
        'convolveInputGradient',
        after(dx.at, s * g.xBytes),
        weights.at,
        after(dy.at, s * g.yBytes),
        ...g.directOperands,
      );
    return;
  }
  const scratch = node.scratch(g.pointwise ? 0 : columnsBytes(g));
  for (let s = 0; s < g.samples; s++) {
    const sample = after(dx.at, s * g.xBytes);
    const columns = g.pointwise ? sample : scratch;
    for (let group = 0; group < g.groups; group++) {
      const at = groupOf(g, group);
      multiply(
        node,
        [g.patch, g.places, g.outputs],
        { at: after(weights.at, at.weights), stride: g.patch, transposed: true },
        { at: after(dy.at, s * g.yBytes + at.y), stride: g.places },
        { at: after(columns, at.columns), stride: g.places },
      );
    }
    if (!g.pointwise) node.call('col2im', scratch, sample, ...g.columnOperands);
  }
}

function weightGradient(node: Lowering): void {
  const dy = input(node, 0);
  const x = input(node, 1);
  const sum = node.inputs[2];
  const dw = output(node);
  const g = geometryOf(node.attributes, x.shape, dy.shape, dw.shape.slice(2));
  const bytes = elementCount(dw.shape) * 4;
  if (sum) node.call('copy', sum.at, dw.at, bytes);
  if (g.direct) {
    if (!sum) node.call('fillZero', dw.at, bytes);
    for (let s = 0; s < g.samples; s++)
      node.call(
        'convolveWeightGradient',
        after(x.at, s * g.xBytes),
        dw.at,
        after(dy.at, s * g.yBytes),
        ...g.directOperands,
      );
    return;
  }
  const scratch = node.scratch(g.pointwise ? 0 : columnsBytes(g));
  for (let s = 0; s < g.samples; s++) {
    const columns = columnsOf(node, g, after(x.at, s * g.xBytes), scratch);
    for (let group = 0; group < g.groups; group++) {
      const at = groupOf(g, group);
      multiply(
        node,
        [g.outputs, g.patch, g.places],
        { at: after(dy.at, s * g.yBytes + at.y), stride: g.places },
        { at: after(columns, at.columns), stride: g.places, transposed: true },
        { at: after(dw.at, at.weights), stride: g.patch },
        { beta: s === 0 && !sum ? 0 : 1 },
      );
    }
  }
}

export const convolutions = {
  Conv: convolve,
  ConvInputGradient: inputGradient,
  ConvWeightGradient: weightGradient,
} satisfies Record<string, Lower>;
