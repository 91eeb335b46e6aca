import fc from 'fast-check';
import { expect, test } from 'vitest';

import { EventQueue } from './event-queue.ts';

test('gives events by time, and those of the same time as they were added', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 9 })), (times) => {
      const queue = new EventQueue<number>();
      for (const [order, seconds] of times.entries()) queue.add(seconds, order);
      const taken = times.map(() => queue.take()!);
      const expected = [...times.entries()].sort(([i, a], [j, b]) => a - b || i - j);
      expect(taken.map(({ what, seconds }) => [what, seconds])).toEqual(expected);
      expect(queue.take()).toBeUndefined();
    }),
  );
});
