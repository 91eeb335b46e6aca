import { expect, test } from 'vitest';
import { permutation, permuted, streamKey } from './random.ts';
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

test.each([1, 2, 3, 5, 64, 100, 1000, 4097])(
  '%i places, one by one, are a permutation',
  (count) => {
    const order = (key: number) => upTo(count).map((place) => permuted(place, count, key));
    const first = order(streamKey(1, 2));
    expect(ascending(first)).toEqual(upTo(count));
    expect(order(streamKey(1, 2))).toEqual(first);
  },
);

test('another key draws another order', () => {
  const order = (key: number) => upTo(64).map((place) => permuted(place, 64, key));
  expect(order(streamKey(1, 2))).not.toEqual(order(streamKey(1, 3)));
});

test('one by one, too, every place is as likely for a sample', () => {
  const trials = 6000;
  const counts = Array.from({ length: 36 }, () => 0);
  for (let seed = 0; seed < trials; seed++) {
    for (const place of upTo(6)) {
      const cell = 6 * place + permuted(place, 6, streamKey(7, seed));
      counts[cell] = (counts[cell] ?? 0) + 1;
    }
  }
  for (const count of counts) expect(Math.abs(count - trials / 6)).toBeLessThan(145);
});

test('neighbours of a large permutation lie far apart', () => {
  const count = 1e9;
  const places = upTo(2000).map((place) => permuted(place, count, streamKey(4)) / count);
  const mean = places.reduce((a, b) => a + b, 0) / places.length;
  const steps = places.slice(1).map((place, i) => Math.abs(place - places[i]!));
  const meanStep = steps.reduce((a, b) => a + b, 0) / steps.length;
  // Independent uniforms: 1/2 and 1/3, with deviations of 0.0065 and about 0.007.
  expect(Math.abs(mean - 1 / 2)).toBeLessThan(0.03);
  expect(Math.abs(meanStep - 1 / 3)).toBeLessThan(0.03);
});

test('billions of samples have an order at once, which never changes either', () => {
  const sampler = createSampler(3e9, 4);
  expect([...sampler.batchIndices(1, 0, 749_999_999)]).toEqual([
    2896574760, 800762504, 2450033802, 2415334138,
  ]);
  const many = createSampler(5_000_001, 5_000_001).batchIndices(1, 2, 0);
  const seen = new Uint8Array(5_000_001);
  for (const index of many) seen[index] = 1;
  expect(seen.includes(0)).toBe(false);
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
