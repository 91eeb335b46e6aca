// Tests that try seeds, a few at a time so that a failure is near its seed.

import { expect, test } from 'vitest';

import { fuzz } from './fuzz.ts';

export function fuzzSeeds(from: number, seeds: number): void {
  const atATime = 25;
  for (let first = from; first < from + seeds; first += atATime)
    test(`rings survive what they must: seeds ${first} to ${first + atATime - 1}`, async () => {
      const { failures } = await fuzz({ from: first, seeds: atATime });
      expect(failures).toEqual([]);
    }, 60_000);
}
