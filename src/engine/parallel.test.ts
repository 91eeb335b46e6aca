import { expect, it } from 'vitest';
import { shareOf } from './parallel.ts';

/** transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc */
const product = (m: number, n: number) => [0, 0, m, n, 4, 1, 1000, 4, 2000, n, 0, 3000, n];

it('splits a product into whole tiles that cover it', () => {
  for (const [m, n] of [
    [100, 7],
    [7, 100],
    [64, 64],
    [1, 5],
  ] as const) {
    for (const threads of [1, 2, 3, 8]) {
      const shares = Array.from({ length: threads }, (_, i) =>
        shareOf(product(m, n), i, threads, 'wasm'),
      );
      const present = shares.filter((share) => share !== undefined);
      const rows = m > n;
      const sizes = present.map((share) => share[rows ? 2 : 3] ?? 0);
      expect(sizes.reduce((a, b) => a + b, 0)).toBe(rows ? m : n);
      expect(sizes.slice(0, -1).every((size) => size % (rows ? 6 : 8) === 0)).toBe(true);
      const starts = present.map((share) => share[11] ?? 0);
      let expected = 3000;
      for (const [index, start] of starts.entries()) {
        expect(start).toBe(expected);
        expected += (sizes[index] ?? 0) * (rows ? n : 1) * 4;
      }
    }
  }
});
