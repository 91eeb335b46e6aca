import { describe, expect, test } from 'vitest';

import { trainingOf } from '../../test/reference/trainings.ts';
import { elementCount } from '../graph/graph.ts';
import { shardKeys } from './keys.ts';

const training = trainingOf(
  [
    { layer: 'flatten' },
    { layer: 'dense', units: 300 },
    { layer: 'relu' },
    { layer: 'dense', units: 101 },
    { layer: 'relu' },
    { layer: 'dense', units: 7 },
  ],
  { inputShape: [3, 11, 11], target: { type: 'float32', shape: [7] } },
);

describe.each([1, 2, 3, 5, 8])('%i shards', (shards) => {
  const keys = shardKeys(training, shards);

  test('hold every element of every parameter once', () => {
    for (const [layer, { parameters }] of training.resolved.layers.entries())
      for (const { name, shape } of parameters) {
        const slices = keys
          .flatMap((key) => (key.layer === layer ? key.slices : []))
          .filter((slice) => slice.name === `${layer}.${name}`)
          .sort((a, b) => a.first - b.first);
        let end = 0;
        for (const { first, count } of slices) {
          expect(first).toBe(end);
          expect(count).toBeGreaterThan(0);
          end += count;
        }
        expect(end).toBe(elementCount(shape));
      }
  });

  test('have the same bytes, up to one whole parameter', () => {
    const loads = Array.from({ length: shards }, () => 0);
    for (const { shard, slices } of keys) for (const { count } of slices) loads[shard]! += count;
    expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(4096);
  });

  test('are of no more than 1 MB', () => {
    for (const { slices } of keys)
      expect(slices.reduce((sum, { count }) => sum + count, 0)).toBeLessThanOrEqual(1 << 18);
  });

  test('are numbered in order of layers, then of shards', () => {
    expect(keys.map(({ key }) => key)).toEqual(keys.map((_, number) => number));
    const order = keys.map(({ block, shard }) => block * shards + shard);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(new Set(keys.map(({ block, layer }) => `${block}:${layer}`))).toEqual(
      new Set(['0:1', '1:3', '2:5']),
    );
  });
});

test('what a layer has on a shard is one key, or even parts of it where it is much', () => {
  const [large, small] = [
    { layer: 'dense', units: 300 },
    { layer: 'dense', units: 4 },
  ];
  const options = { inputShape: [1000], target: { type: 'float32', shape: [4] } } as const;
  const keys = shardKeys(trainingOf([large, small], options), 1);
  expect(keys.map(({ block, slices }) => ({ block, slices }))).toEqual([
    { block: 0, slices: [{ name: '0.weight', first: 0, count: 150_000 }] },
    {
      block: 0,
      slices: [
        { name: '0.weight', first: 150_000, count: 150_000 },
        { name: '0.bias', first: 0, count: 300 },
      ],
    },
    {
      block: 1,
      slices: [
        { name: '1.weight', first: 0, count: 1200 },
        { name: '1.bias', first: 0, count: 4 },
      ],
    },
  ]);
});
