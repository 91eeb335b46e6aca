import { expect, test } from 'vitest';

import { minimise } from './minimise.ts';

test('finds the least of a valley, over many powers of ten', async () => {
  let asked = 0;
  const found = await minimise([1e-6, 1], 20, (value) => {
    asked += 1;
    return Promise.resolve(Math.abs(Math.log(value / 3e-4)));
  });
  expect(found / 3e-4).toBeCloseTo(1, 2);
  expect(asked).toBe(22);
});
