import { expect, test } from 'vitest';

import { paceOf } from './pace.ts';

test('a run takes as long as its computing would at that share of the speed', () => {
  let computed = 0;
  const paced = paceOf(0.1, () => computed);
  const milliseconds = paced(() => (computed += 2));
  expect(milliseconds).toBeGreaterThanOrEqual(20);
});

test('at full speed a run of no computing takes no more than itself', () => {
  let hasRun = false;
  expect(paceOf(1, () => 0)(() => (hasRun = true))).toBeGreaterThanOrEqual(0);
  expect(hasRun).toBe(true);
});
