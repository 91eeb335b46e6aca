import { expect, test } from 'vitest';

import { usableBytes } from './cutter.ts';

test('of little memory the process itself leaves less than the usual share', () => {
  expect(usableBytes(1e9)).toBe(0.7e9);
  expect(usableBytes(320e6)).toBe(190e6);
});

test('more memory is never less to use, and something always is', () => {
  const sizes = Array.from({ length: 200 }, (_, at) => usableBytes(1e7 * (at + 1)));
  expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
  expect(sizes[0]).toBeGreaterThan(0);
});
