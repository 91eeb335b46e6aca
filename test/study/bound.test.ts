// The bound that a ring's idle time is held against: never above what the nodes themselves reach when they are
// simulated, and near it where there is enough to overlap.

import { expect, test } from 'vitest';

import { Meter } from '../../src/meter/fold.ts';
import type { NodeResult, Run } from '../../src/study/results.ts';
import { ringStepSeconds } from '../../src/study/ring-bound.ts';
import { ringTimelines } from './timelines.ts';
import type { Port } from '../../src/study/wire.ts';
import type { Load } from './timelines.ts';

const load: Load = {
  nodes: 4,
  microbatches: 8,
  steps: 4,
  computeSeconds: 0.02,
  updateSeconds: 0.002,
  activationBytes: 20_000,
  parameterBytes: 0,
  latencySeconds: 0.0002,
  bytesPerSecond: 100e6,
};

/** Simulated links carry nothing but messages. */
const portOf = ({ bytesPerSecond, latencySeconds }: Load, acknowledgement = 0): Port => ({
  secondsPerByte: 1 / bytesPerSecond,
  acknowledgementSecondsPerByte: acknowledgement,
  latencySeconds,
});

async function simulated(
  changes: Partial<Load>,
  acknowledgement = 0,
): Promise<{ measured: number; bound: number }> {
  const given = { ...load, ...changes };
  const timelines = await ringTimelines(given);
  const nodes = [...timelines].map(([node, entries]) => {
    const meter = new Meter();
    for (const entry of entries) meter.add(entry);
    const timeline = { node, entries, offsetSeconds: 0, errorSeconds: 0 };
    return { node, role: 'worker', figures: meter.figures, timeline } as unknown as NodeResult;
  });
  const { wallSeconds, steps } = nodes.find(({ node }) => node === 'master')!.figures;
  const run = { architecture: 'ring', nodes } as unknown as Run;
  return {
    measured: wallSeconds / steps,
    bound: ringStepSeconds(run, given.microbatches, portOf(given, acknowledgement)) ?? NaN,
  };
}

test.each([
  ['few microbatches', {}],
  ['many', { microbatches: 32 }],
  ['one, which goes round alone', { microbatches: 1 }],
  ['two nodes', { nodes: 2 }],
  ['long ways', { latencySeconds: 0.02 }],
  ['next to no computing', { computeSeconds: 0.0001, latencySeconds: 0.005 }],
] as const)('no ring is faster than its bound: %s', async (_, changes) => {
  const { measured, bound } = await simulated(changes);
  expect(bound).toBeGreaterThan(0);
  expect(bound).toBeLessThanOrEqual(measured * 1.001);
});

test('with many microbatches the nodes come near it', async () => {
  const { measured, bound } = await simulated({ microbatches: 32 });
  expect(bound).toBeGreaterThan(0.85 * measured);
});

test('slow links raise it: what goes through a port takes its time', async () => {
  const [fast, slow] = [await simulated({}), await simulated({ bytesPerSecond: 1e6 })];
  expect(slow.bound).toBeGreaterThan(2 * fast.bound);
});

test('acknowledgements take their time of a port, all but those of the first microbatch', async () => {
  const slow = { bytesPerSecond: 1e6 };
  const [without, withThem] = [await simulated(slow), await simulated(slow, 1e-7)];
  const bytes = 2 * load.activationBytes;
  expect(withThem.bound - without.bound).toBeCloseTo(7 * bytes * 1e-7, 4);
});

test('of a run that recorded no timeline nothing is said', () => {
  const node = { node: 'master', timeline: { entries: [] }, figures: {} } as unknown as NodeResult;
  expect(
    ringStepSeconds(
      { nodes: [node, { ...node, node: 'worker-1' }] } as unknown as Run,
      8,
      portOf(load),
    ),
  ).toBeUndefined();
});
