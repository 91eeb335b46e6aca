import { describe, expect, test } from 'vitest';

import { searchOrder } from './search.ts';

/** How many tries it takes to find a limit, and what is found. */
function search(count: number, expected: number, limit: number): { tries: number; found: number } {
  let [works, fails, tries] = [-1, count, 0];
  for (const at of searchOrder(count, expected)) {
    if (at <= works || at >= fails) continue;
    tries += 1;
    if (at <= limit) works = at;
    else fails = at;
  }
  return { tries, found: works };
}

describe('search', () => {
  test('names every size once, the expected one first', () => {
    for (const count of [1, 2, 7, 40])
      for (const expected of [-1, 0, 3, count - 1, count + 5]) {
        const order = searchOrder(count, expected);
        expect(order.toSorted((a, b) => a - b)).toEqual(
          Array.from({ length: count }, (_, at) => at),
        );
        expect(order[0]).toBe(Math.min(count - 1, Math.max(0, expected)));
      }
  });

  test('takes two tries where the expectation is right, and few where it is wrong', () => {
    expect(search(33, 16, 16)).toEqual({ tries: 2, found: 16 });
    for (let limit = -1; limit < 33; limit += 1) {
      const { tries, found } = search(33, 16, limit);
      expect(found).toBe(limit);
      expect(tries).toBeLessThanOrEqual(10);
    }
  });
});
