import { expect, test } from 'vitest';
import { permutation, streamKey } from './random.ts';
import { createSampler } from './sampler.ts';
import { splitSamples } from './split.ts';

const ascending = (values: Iterable<number>) => [...values].sort((a, b) => a - b);
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

test('an epoch visits every sample once, in an order of its own', () => {
  const sampler = createSampler(103, 10);
  expect(sampler.stepsPerEpoch).toBe(11);
  const epoch = (seed: number, number: number) =>
    upTo(11).flatMap((step) => Array.from(sampler.batchIndices(seed, number, step)));
  const first = epoch(1, 0);
  expect(ascending(first)).toEqual(upTo(103));
  expect(sampler.batchIndices(1, 0, 10)).toHaveLength(3);
  expect(epoch(1, 1)).not.toEqual(first);
  expect(epoch(2, 0)).not.toEqual(first);
  expect(epoch(1, 0)).toEqual(first);
});

test('a batch follows from seed, epoch and step alone', () => {
  const late = createSampler(50, 8).batchIndices(9, 4, 3);
  const sampler = createSampler(50, 8);
  for (let step = 0; step < 3; step++) sampler.batchIndices(9, 4, step);
  expect(sampler.batchIndices(9, 4, 3)).toEqual(late);
});

test('the order never changes between versions: runs could not be resumed', () => {
  expect([...permutation(10, streamKey(1, 2, 3))]).toEqual([5, 1, 2, 3, 0, 6, 4, 7, 9, 8]);
});

test('every place is as likely for a sample', () => {
  const trials = 6000;
  const counts = Array.from({ length: 36 }, () => 0);
  for (let seed = 0; seed < trials; seed++) {
    permutation(6, streamKey(7, seed)).forEach((sample, place) => {
      counts[6 * place + sample] = (counts[6 * place + sample] ?? 0) + 1;
    });
  }
  // 1000 expected in each of 36 cells; 5 standard deviations are 145.
  for (const count of counts) expect(Math.abs(count - trials / 6)).toBeLessThan(145);
});

test('a split is disjoint, drawn by the seed and in ascending order', () => {
  const { train, test: held } = splitSamples(100, 70, 30, 1);
  expect([train.length, held.length]).toEqual([70, 30]);
  expect(ascending([...train, ...held])).toEqual(upTo(100));
  expect([...train]).toEqual(ascending(train));
  expect([...held]).toEqual(ascending(held));
  expect(splitSamples(100, 70, 30, 1)).toEqual({ train, test: held });
  expect(splitSamples(100, 70, 30, 2)).not.toEqual({ train, test: held });
});
