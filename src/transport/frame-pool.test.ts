import { expect, test } from 'vitest';

import { FramePool } from './frame-pool.ts';

test('memory that was given back serves the next frame of about its size', () => {
  const pool = new FramePool();
  const first = pool.take(100_000);
  pool.give(first);
  const smaller = pool.take(99_000);
  expect(smaller.buffer).toBe(first.buffer);
  expect(smaller).toHaveLength(99_000);
  expect(pool.take(99_000).buffer).not.toBe(first.buffer);
});

test('a frame takes no memory that is too small or far too large', () => {
  const pool = new FramePool();
  const given = pool.take(100_000);
  pool.give(given);
  for (const length of [100_001, 40_000]) expect(pool.take(length).buffer).not.toBe(given.buffer);
});

test('what was given back can be asked for alone', () => {
  const pool = new FramePool();
  expect(pool.takeKnown(100_000)).toBeUndefined();
  const given = pool.take(100_000);
  pool.give(given);
  expect(pool.takeKnown(100_000)?.buffer).toBe(given.buffer);
  expect(pool.takeKnown(100_000)).toBeUndefined();
});

test('a frame takes the smallest memory that is large enough', () => {
  const pool = new FramePool();
  const [large, small] = [pool.take(150_000), pool.take(100_000)];
  for (const frame of [large, small]) pool.give(frame);
  expect(pool.take(90_000).buffer).toBe(small.buffer);
  expect(pool.take(140_000).buffer).toBe(large.buffer);
});

test('a pool keeps little', () => {
  const pool = new FramePool();
  const frames = Array.from({ length: 10 }, () => pool.take(1 << 20));
  for (const frame of frames) pool.give(frame);
  const again = frames.map(() => pool.take(1 << 20).buffer);
  expect(frames.filter(({ buffer }) => again.includes(buffer))).toHaveLength(4);
});
