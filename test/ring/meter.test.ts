// The meter on simulated rings: what it says must follow from the spans that the simulator drew.

import { expect, test } from 'vitest';

import { Meter } from '../../src/meter/fold.ts';
import type { Figures } from '../../src/meter/figures.ts';
import { runCostedRing } from './costed-ring.ts';
import type { CostedRing } from './costed-ring.ts';

async function figuresOf(ring: CostedRing): Promise<Map<string, Figures>> {
  const { timelines } = await runCostedRing({ steps: 3, ...ring });
  return new Map(
    [...timelines].map(([node, entries]) => {
      const meter = new Meter();
      for (const entry of entries) meter.add(entry);
      return [node, meter.figures];
    }),
  );
}

const sum = (parts: object): number =>
  Object.values(parts).reduce((total: number, part) => total + (part as number), 0);

test.each([
  { nodes: 1, microbatches: 4 },
  { nodes: 2, microbatches: 4 },
  { nodes: 4, microbatches: 6, latencySeconds: 0.2, bytesPerSecond: 2000 },
  { nodes: 3, microbatches: 8, window: 1, groups: [2] },
])('busy and idle make up the time from commit to commit: %o', async (ring) => {
  for (const { wallSeconds, steps, busySeconds, idleSeconds, idleShare } of (
    await figuresOf(ring)
  ).values()) {
    expect(steps).toBe(2);
    expect(sum(busySeconds) + sum(idleSeconds)).toBeCloseTo(wallSeconds, 6);
    expect(idleShare).toBeCloseTo(sum(idleSeconds) / wallSeconds, 6);
  }
});

test('a node alone is never idle', async () => {
  const figures = await figuresOf({ nodes: 1, microbatches: 4 });
  expect(figures.get('master')!.idleShare).toBe(0);
});

test('a worker that is faster than the master waits, and the meter says for what', async () => {
  const figures = await figuresOf({ nodes: 2, microbatches: 4 });
  const { idleSeconds, busySeconds } = figures.get('worker-1')!;
  expect(sum(busySeconds)).toBe(2 * 4 * 3);
  expect(idleSeconds.input + idleSeconds.gradient + idleSeconds.parameters).toBeGreaterThan(0);
  expect(idleSeconds.start).toBe(0);
});

test('on slow links nodes wait for links or for what comes over them', async () => {
  const fast = await figuresOf({ nodes: 3, microbatches: 6 });
  const slow = await figuresOf({ nodes: 3, microbatches: 6, bytesPerSecond: 300 });
  for (const node of fast.keys())
    expect(slow.get(node)!.idleShare).toBeGreaterThan(fast.get(node)!.idleShare);
});

test('bytes are counted at both ends alike', async () => {
  const figures = await figuresOf({ nodes: 2, microbatches: 4 });
  const [master, worker] = [figures.get('master')!, figures.get('worker-1')!];
  expect(worker.received['activation']!.messages).toBe(8);
  expect(master.sent['activation']).toEqual(worker.received['activation']);
  expect(worker.sent['gradient']).toEqual(master.received['gradient']);
});
