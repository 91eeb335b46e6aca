// Matrix products. `gemm` computes C = alpha * A' * B' + beta * C in place, so an addend is laid into
// the output first, unless it is one that is cheaper to add afterwards (a bias).

import { numberOf } from '../../graph/attributes.ts';
import { elementCount } from '../../graph/graph.ts';
import type { Lower, Lowering } from '../lower.ts';
import { after } from '../program.ts';
import { broadcast } from './elementwise.ts';
import { input, multiply, output } from './node.ts';

function gemm(node: Lowering): void {
  const { attributes } = node;
  const a = input(node, 0);
  const b = input(node, 1);
  const addend = node.inputs[2];
  const y = output(node);
  const [m = 1, n = 1] = y.shape;
  const transposed = (name: string) => attributes[name] === 1;
  const k = a.shape[transposed('transA') ? 0 : 1] ?? 1;
  const beta = addend ? numberOf(attributes, 'beta') : 0;
  // A bias is added afterwards; an addend of full size is what the product accumulates into.
  const full = addend !== undefined && elementCount(addend.shape) === m * n;
  const accumulates = full || (addend !== undefined && beta !== 1);
  if (full) node.call('copy', addend.at, y.at, m * n * 4);
  else if (addend && accumulates) broadcast(node, 'expand', addend, addend, y);
  multiply(
    node,
    [m, n, k],
    { at: a.at, stride: a.shape[1] ?? 1, transposed: transposed('transA') },
    { at: b.at, stride: b.shape[1] ?? 1, transposed: transposed('transB') },
    { at: y.at, stride: n },
    { alpha: numberOf(attributes, 'alpha'), beta: accumulates ? beta : 0 },
  );
  if (addend && !accumulates) broadcast(node, 'add', y, addend, y);
}

function matMul(node: Lowering): void {
  const a = input(node, 0);
  const b = input(node, 1);
  const y = output(node);
  const [m = 1, k = 1] = a.shape.slice(-2);
  const n = b.shape.at(-1) ?? 1;
  // One B for all: the leading axes of A are just more rows.
  if (elementCount(b.shape) === k * n) {
    const rows = elementCount(a.shape) / k;
    multiply(
      node,
      [rows, n, k],
      { at: a.at, stride: k },
      { at: b.at, stride: n },
      { at: y.at, stride: n },
    );
    return;
  }
  const leading = y.shape.slice(0, -2);
  const batchOf = (shape: readonly number[], index: number): number => {
    let rest = index;
    let stride = 1;
    let batch = 0;
    for (let axis = leading.length - 1; axis >= 0; axis--) {
      const place = rest % (leading[axis] ?? 1);
      rest = Math.floor(rest / (leading[axis] ?? 1));
      const size = shape[shape.length - 2 - (leading.length - axis)] ?? 1;
      if (size > 1) batch += place * stride;
      stride *= size;
    }
    return batch;
  };
  for (let i = 0; i < elementCount(leading); i++) {
    const from = { at: after(a.at, batchOf(a.shape, i) * m * k * 4), stride: k };
    const by = { at: after(b.at, batchOf(b.shape, i) * k * n * 4), stride: n };
    multiply(node, [m, n, k], from, by, { at: after(y.at, i * m * n * 4), stride: n });
  }
}

export const products = { Gemm: gemm, MatMul: matMul } satisfies Record<string, Lower>;
