// Products over several threads: each helper thread has the same product over the same memory (BLAS on
// one thread, or the module's own) and takes a share of the rows or columns of C. Every element is summed
// in one order wherever it stands, so the number of threads changes no bit. (BLAS with threads of its
// own would break up long sums in other places.)

import { once } from 'node:events';
import type { Kernel } from './kernels.ts';
import { controlOffset } from './memory.ts';
import { startThread } from './start-thread.ts';

/** The control block: a job's number, how many helpers still work on it, and the product's operands. */
export interface Control {
  readonly words: Int32Array;
  readonly operands: Float64Array;
}

export const jobWord = 0;
export const pendingWord = 1;
const operandCount = 13;

export const controlOf = (memory: WebAssembly.Memory): Control => ({
  words: new Int32Array(memory.buffer, controlOffset, 2),
  operands: new Float64Array(memory.buffer, controlOffset + 64, operandCount),
});

/** What a helper is started with. */
export interface HelperSettings {
  readonly memory: WebAssembly.Memory;
  readonly module: WebAssembly.Module;
  readonly index: number;
  readonly threads: number;
  readonly kind: ProductKind;
}

export type ProductKind = 'wasm' | 'blas';

/**
 * How products are split: from how many multiply-adds on (below, it is done before a helper has woken
 * up; BLAS also has other code for small products, which no share may fall into), and in what units,
 * so that shares are whole tiles.
 */
const splits = {
  wasm: { leastWork: 2 ** 18, rows: 6, columns: 8 },
  blas: { leastWork: 2 ** 22, rows: 48, columns: 48 },
} as const;

/** The share of thread `index` in the product with these operands; undefined when there is none. */
export function shareOf(
  operands: ArrayLike<number>,
  index: number,
  threads: number,
  kind: ProductKind,
): number[] | undefined {
  const share = Array.from(operands);
  const [
    transA = 0,
    transB = 0,
    m = 0,
    n = 0,
    ,
    ,
    a = 0,
    lda = 0,
    b = 0,
    ldb = 0,
    ,
    c = 0,
    ldc = 0,
  ] = share;
  const byRows = m > n;
  const [size, tile] = byRows ? [m, splits[kind].rows] : [n, splits[kind].columns];
  // What is left over after whole tiles goes to the last share.
  const tiles = Math.floor(size / tile);
  const start = (place: number): number =>
    place === threads ? size : Math.floor((tiles * place) / threads) * tile;
  const first = start(index);
  const count = start(index + 1) - first;
  if (count === 0) return undefined;
  if (byRows) {
    share[2] = count;
    share[6] = a + first * (transA ? 1 : lda) * 4;
    share[11] = c + first * ldc * 4;
  } else {
    share[3] = count;
    share[8] = b + first * (transB ? ldb : 1) * 4;
    share[11] = c + first * 4;
  }
  return share;
}

/** `gemm` over `threads` threads, this one and helpers that are started here. */
export async function splitProduct(
  gemm: Kernel,
  memory: WebAssembly.Memory,
  module: WebAssembly.Module,
  threads: number,
  kind: ProductKind,
): Promise<Kernel> {
  const { words, operands } = controlOf(memory);
  for (let index = 1; index < threads; index++) {
    const settings: HelperSettings = { memory, module, index, threads, kind };
    await once(startThread('helper', settings), 'message');
  }
  return (...product) => {
    const [, , m = 0, n = 0, k = 0] = product;
    if (m * n * k < splits[kind].leastWork * threads) {
      gemm(...product);
      return;
    }
    operands.set(product);
    Atomics.store(words, pendingWord, threads - 1);
    Atomics.add(words, jobWord, 1);
    Atomics.notify(words, jobWord);
    const share = shareOf(product, 0, threads, kind);
    if (share) gemm(...share);
    for (let left = Atomics.load(words, pendingWord); left > 0;) {
      Atomics.wait(words, pendingWord, left);
      left = Atomics.load(words, pendingWord);
    }
  };
}
