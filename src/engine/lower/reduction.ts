// Sums over axes, group of neighbouring axes by group from the last to the first; softmax and its kin.

import { integersOf } from '../../graph/attributes.ts';
import { elementCount } from '../../graph/graph.ts';
import type { KernelName } from '../kernels.ts';
import type { Lower, Lowering } from '../lower.ts';
import type { Address } from '../program.ts';
import { asRows, input, output } from './node.ts';

interface Run {
  readonly reduced: boolean;
  readonly size: number;
}

/** Neighbouring axes that are alike (summed over, or kept) made one; axes of size 1 dropped. */
function runsOf(shape: readonly number[], axes: readonly number[]): Run[] {
  const runs: Run[] = [];
  shape.forEach((size, axis) => {
    if (size === 1) return;
    const reduced = axes.includes(axis);
    const last = runs.at(-1);
    if (last?.reduced === reduced) runs[runs.length - 1] = { reduced, size: last.size * size };
    else runs.push({ reduced, size });
  });
  return runs;
}

const product = (runs: readonly Run[]): number => runs.reduce((a, { size }) => a * size, 1);

const reduce =
  (mean: boolean): Lower =>
  (node) => {
    const x = input(node, 0);
    const y = output(node);
    let runs = runsOf(x.shape, integersOf(node.attributes, 'axes'));
    let from: Address = x.at;
    const count = product(runs.filter(({ reduced }) => reduced));
    if (count === 1) {
      node.call('copy', x.at, y.at, elementCount(y.shape) * 4);
      return;
    }
    while (runs.some(({ reduced }) => reduced)) {
      const at = runs.findLastIndex(({ reduced }) => reduced);
      const outer = product(runs.slice(0, at));
      const inner = product(runs.slice(at + 1));
      const size = runs[at]?.size ?? 1;
      runs = runs.toSpliced(at, 1);
      const last = !runs.some(({ reduced }) => reduced);
      const to = last ? y.at : node.scratch(outer * inner * 4);
      const factor = last && mean ? 1 / count : 1;
      if (inner === 1) node.call('sumRows', from, to, outer, size, factor);
      else node.call('sumColumns', from, to, outer, size, inner, factor);
      from = to;
    }
  };

/** Kernels of the form (inputs..., output, rows, columns), rows being those of input `like`. */
const rowwise =
  (kernel: KernelName, like = 0): Lower =>
  (node: Lowering) => {
    const { rows, columns } = asRows(input(node, like).shape);
    const inputs = node.inputs.map((_, index) => input(node, index).at);
    node.call(kernel, ...inputs, output(node).at, rows, columns);
  };

export const reductions = {
  ReduceSum: reduce(false),
  ReduceMean: reduce(true),
  ReduceSumSquare: (node) => {
    const x = input(node, 0);
    node.call('sumOfSquares', x.at, output(node).at, elementCount(x.shape));
  },
  Softmax: rowwise('softmax'),
  SoftmaxGradient: rowwise('softmaxGradient'),
  SoftmaxCrossEntropy: rowwise('softmaxCrossEntropy'),
  SoftmaxCrossEntropyGradient: rowwise('softmaxCrossEntropyGradient', 1),
  ArgMax: rowwise('argMax'),
} satisfies Record<string, Lower>;
