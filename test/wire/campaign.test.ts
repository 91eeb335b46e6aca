import { expect, test } from 'vitest';

import { campaign } from './campaign.ts';

test.each([1, 2])(
  'whatever comes over a link is taken or refused, and nothing else: seed %i',
  async (seed) => {
    const tallies = await campaign(seed, 10_000);
    for (const { inputs, taken, refused } of Object.values(tallies)) {
      expect(taken).toBeGreaterThan(0);
      expect(refused).toBeGreaterThan(0);
      expect(taken + refused).toBe(inputs);
    }
  },
);
