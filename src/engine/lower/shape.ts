// Moving elements: transposes, slices, concatenation, rows by index, repetition.

import { integersOf, numberOf } from '../../graph/attributes.ts';
import type { Shape } from '../../graph/graph.ts';
import { elementCount } from '../../graph/graph.ts';
import type { Lower, Lowering } from '../lower.ts';
import { after } from '../program.ts';
import { broadcast, collapse, unroll } from './elementwise.ts';
import { input, output } from './node.ts';

/** Copies unless source and destination are one place (which the kernel sees). */
function copy(node: Lowering): void {
  const y = output(node);
  node.call('copy', input(node, 0).at, y.at, elementCount(y.shape) * 4);
}

function transpose(node: Lowering): void {
  const x = input(node, 0);
  const y = output(node);
  const strides = x.shape.map((_, axis) => elementCount(x.shape.slice(axis + 1)));
  const perm = integersOf(node.attributes, 'perm');
  const axes = collapse(
    perm.map((axis) => ({ size: x.shape[axis] ?? 1, strides: [strides[axis] ?? 0] })),
  );
  const [outer, rows, columns] = axes.length === 2 ? [{ size: 1, strides: [0] }, ...axes] : axes;
  // Only the last two axes swapped: blocks of 4x4.
  const swaps =
    (axes.length === 2 || axes.length === 3) &&
    rows?.strides[0] === 1 &&
    columns?.strides[0] === rows.size &&
    (axes.length === 2 || axes[0]?.strides[0] === rows.size * columns.size);
  if (swaps) {
    node.call('transpose', x.at, y.at, outer?.size ?? 1, columns.size, rows.size);
    return;
  }
  unroll(axes, 1, (inner, [start = 0], index) => {
    const count = inner.reduce((product, { size }) => product * size, 1);
    node.call(
      'permute',
      after(x.at, start * 4),
      after(y.at, index * count * 4),
      ...inner.map(({ size }) => size),
      ...inner.map((axis) => axis.strides[0] ?? 0),
    );
  });
}

/** Bytes of one step along `axis`, and how many blocks lie before it. */
const around = (shape: Shape, axis: number) => ({
  blocks: elementCount(shape.slice(0, axis)),
  bytes: elementCount(shape.slice(axis + 1)) * 4,
});

function slice(node: Lowering): void {
  const x = input(node, 0);
  const y = output(node);
  const axis = numberOf(node.attributes, 'axis');
  const { blocks, bytes } = around(x.shape, axis);
  const from = after(x.at, numberOf(node.attributes, 'start') * bytes);
  const step = (y.shape[axis] ?? 1) * bytes;
  node.call('copyBlocks', from, y.at, blocks, step, (x.shape[axis] ?? 1) * bytes, step);
}

function concat(node: Lowering): void {
  const y = output(node);
  const axis = numberOf(node.attributes, 'axis');
  const { blocks, bytes } = around(y.shape, axis);
  let start = 0;
  for (const index of node.inputs.keys()) {
    const x = input(node, index);
    const step = (x.shape[axis] ?? 1) * bytes;
    const to = after(y.at, start * bytes);
    node.call('copyBlocks', x.at, to, blocks, step, step, (y.shape[axis] ?? 1) * bytes);
    start += x.shape[axis] ?? 1;
  }
}

function gather(node: Lowering): void {
  const table = input(node, 0);
  const index = input(node, 1);
  const rows = table.shape[0] ?? 1;
  const width = elementCount(table.shape.slice(1));
  const count = elementCount(index.shape);
  node.call('gather', table.at, index.at, output(node).at, count, width, rows);
}

function gatherGradient(node: Lowering): void {
  const index = input(node, 1);
  const table = output(node);
  const width = elementCount(table.shape.slice(1));
  const count = elementCount(index.shape);
  const rows = numberOf(node.attributes, 'rows');
  node.call('gatherGradient', input(node, 0).at, index.at, table.at, count, width, rows);
}

export const shaping = {
  // Planned as a view where it can be; a copy where it must be (the kernel skips a copy onto itself).
  Reshape: copy,
  Identity: copy,
  Transpose: transpose,
  Slice: slice,
  Concat: concat,
  Gather: gather,
  GatherGradient: gatherGradient,
  Broadcast: (node) => broadcast(node, 'expand', input(node, 0), input(node, 0), output(node)),
} satisfies Record<string, Lower>;
