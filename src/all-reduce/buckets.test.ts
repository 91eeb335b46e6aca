import { describe, expect, test } from 'vitest';

import type { Block } from '../node.ts';
import { bucketsOf } from './buckets.ts';

const block = (name: string, ...counts: number[]): Block => ({
  group: 1,
  parameters: counts.map((count, place) => ({ name: `${name}.${place}`, count })),
});

test('a block in as many chunks as there are nodes, on cache lines', () => {
  expect(bucketsOf([block('a', 4096, 10)], 3)).toEqual([
    {
      blocks: [0],
      chunks: [
        [{ name: 'd/a.0', first: 0, count: 1360 }],
        [{ name: 'd/a.0', first: 1360, count: 1376 }],
        [
          { name: 'd/a.0', first: 2736, count: 1360 },
          { name: 'd/a.1', first: 0, count: 10 },
        ],
      ],
    },
  ]);
});

test('a large block in several buckets', () => {
  const buckets = bucketsOf([block('a', 16_000)], 2, 32_000);
  expect(buckets).toEqual([
    {
      blocks: [0],
      chunks: [
        [{ name: 'd/a.0', first: 0, count: 4000 }],
        [{ name: 'd/a.0', first: 4000, count: 4000 }],
      ],
    },
    {
      blocks: [0],
      chunks: [
        [{ name: 'd/a.0', first: 8000, count: 4000 }],
        [{ name: 'd/a.0', first: 12_000, count: 4000 }],
      ],
    },
  ]);
});

test('blocks that have little wait for the next one below, and the last of all for nobody', () => {
  const blocks = [block('a', 10), block('b', 5000), block('c', 100), block('d', 20)];
  expect(bucketsOf(blocks, 1)).toEqual([
    {
      blocks: [3, 2, 1],
      chunks: [
        [
          { name: 'd/d.0', first: 0, count: 20 },
          { name: 'd/c.0', first: 0, count: 100 },
          { name: 'd/b.0', first: 0, count: 5000 },
        ],
      ],
    },
    { blocks: [0], chunks: [[{ name: 'd/a.0', first: 0, count: 10 }]] },
  ]);
});

test('with more nodes than cache lines some chunks hold nothing', () => {
  const [bucket] = bucketsOf([block('a', 20)], 4);
  expect(bucket!.chunks.map((chunk) => chunk.reduce((sum, { count }) => sum + count, 0))).toEqual([
    0, 0, 0, 20,
  ]);
});

describe.each([1, 2, 3, 7])('%i nodes', (nodes) => {
  test('every element is in one chunk', () => {
    const blocks = [block('a', 1000, 33), block('b', 70_000), block('c', 5), block('d', 9000, 9)];
    const seen = new Map<string, number>();
    for (const { chunks } of bucketsOf(blocks, nodes, 50_000)) {
      expect(chunks).toHaveLength(nodes);
      for (const { name, first, count } of chunks.flat()) {
        expect(first).toBe(seen.get(name) ?? 0);
        seen.set(name, first + count);
      }
    }
    const wanted = blocks.flatMap(({ parameters }) =>
      parameters.map(({ name, count }) => [`d/${name}`, count] as const),
    );
    expect(seen).toEqual(new Map(wanted));
  });
});
