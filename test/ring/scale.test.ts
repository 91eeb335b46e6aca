// Rings far larger than anyone has devices for, costs only: bench/simulator.ts has a thousand.

import { expect, test } from 'vitest';

import { runCostedRing } from './costed-ring.ts';

test('two hundred nodes with 64 microbatches take a moment to simulate, and little memory', async () => {
  const ring = {
    nodes: 200,
    microbatches: 64,
    steps: 2,
    latencySeconds: 0.01,
    bytesPerSecond: 1e6,
  };
  const { ends, spans, timelines } = await runCostedRing({ ...ring, record: 'nothing' });
  expect(ends.size).toBe(200);
  expect([spans.length, timelines.size]).toEqual([0, 0]);
});
