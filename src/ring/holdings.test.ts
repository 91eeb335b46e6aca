import { expect, test } from 'vitest';

import { Holdings } from './holdings.ts';

/** Layers 0, 2 and 5 have parameters; steps 4 and 6 were kept as a ring of three keeps them. */
function kept(): Holdings {
  const holdings = new Holdings([0, 2, 5]);
  for (const step of [4, 6]) {
    holdings.add('master', step, 0);
    holdings.add('worker-1', step, 2);
    holdings.add('worker-2', step, 2);
    holdings.add('worker-2', step, 5);
  }
  return holdings;
}

test('the newest step that somebody keeps every layer of', () => {
  const holdings = kept();
  expect(holdings.newest(9)).toBe(6);
  expect(holdings.newest(5)).toBe(4);
  expect(holdings.newest(3)).toBeUndefined();
  holdings.add('master', 8, 0);
  expect(holdings.newest(9)).toBe(6);
});

test('who is gone keeps nothing', () => {
  const holdings = kept();
  holdings.forget('worker-1');
  expect(holdings.newest(9)).toBe(6);
  expect(holdings.sourceOf(6, 2, [])).toBe('worker-2');
  holdings.forget('worker-2');
  expect(holdings.newest(9)).toBeUndefined();
  expect(holdings.sourceOf(6, 2, ['worker-2'])).toBeUndefined();
});

test('a copy that turns out damaged is struck, and the step before is as good as ever', () => {
  const holdings = kept();
  holdings.strike('worker-2', 6, 5);
  expect(holdings.isWhole(6)).toBe(false);
  expect(holdings.newest(9)).toBe(4);
});

test('who is preferred comes first, if it keeps the layer', () => {
  const holdings = kept();
  expect(holdings.sourceOf(6, 2, ['worker-2', 'worker-1'])).toBe('worker-2');
  expect(holdings.sourceOf(6, 5, ['worker-1', 'master'])).toBe('worker-2');
});

test('what was dropped does not come back with late word of it', () => {
  const holdings = kept();
  holdings.dropBefore(6);
  holdings.add('worker-1', 4, 2);
  expect(holdings.count(4, 2)).toBe(0);
  expect(holdings.newest(5)).toBeUndefined();
  expect(holdings.count(6, 2)).toBe(2);
});
