// A ring that loses nodes, really computing: whatever is lost and whenever, the run ends with the same
// parameters, bit for bit, as one in which nothing failed.

import { beforeAll, describe, expect, test } from 'vitest';

import { reportsOf } from '../reports.ts';
import { memoryDataset } from '../../src/data/index.ts';
import type { Stage } from '../../src/node.ts';
import type { Cutter } from '../../src/ring/formation.ts';
import type { ScriptedFault } from '../../src/simulator/faults.ts';
import { runRealRing } from './real-ring.ts';
import type { RealOutcome, RealRing } from './real-ring.ts';

const dense = (units: number): object => ({ layer: 'dense', units });

const inputs = Float32Array.from({ length: 72 }, (_, i) => Math.sin(i * i));
const targets = Int32Array.from({ length: 24 }, (_, i) => (i * 7) % 3);
const samples = memoryDataset({
  inputShape: [3],
  inputs,
  targets,
  target: { type: 'int32', shape: [] },
});

/** Six steps in two epochs, five layers with parameters, state of an optimizer, dropout. */
const ring = {
  training: {
    model: [
      dense(5),
      { layer: 'tanh' },
      dense(4),
      { layer: 'dropout', ratio: 0.3 },
      dense(6),
      { layer: 'relu' },
      dense(4),
      dense(3),
    ],
    loss: 'softmaxCrossEntropy',
    optimizer: { kind: 'adam' },
    learningRate: 0.02,
    clipNorm: 1,
    batch: 8,
    microbatches: 2,
    epochs: 2,
  },
  train: samples,
  test: samples,
  nodes: 4,
  run: 'a',
  replicateEvery: 2,
} satisfies RealRing;

const bits = ({ parameters }: RealOutcome): unknown =>
  [...parameters]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, values]) => [name, Buffer.from(values.buffer).toString('hex')]);

const crash = (device: string, on: string, nth: number, events: number): ScriptedFault => ({
  when: { on, nth, events },
  fault: { kind: 'crash', device, disk: 'lost' },
});

let undisturbed: RealOutcome;
beforeAll(async () => {
  undisturbed = await runRealRing(ring);
});

/** The run ended as if nothing had been: every step told once, in order, with the same losses. */
function expectSame(outcome: RealOutcome): void {
  expect(outcome.ends.get('master')).toEqual({ type: 'end' });
  expect(reportsOf(outcome, 'step')).toEqual(reportsOf(undisturbed, 'step'));
  expect(reportsOf(outcome, 'evaluated')).toEqual(reportsOf(undisturbed, 'evaluated'));
  expect(bits(outcome)).toEqual(bits(undisturbed));
}

test('nothing lost: snapshots change nothing', async () => {
  const { run: _, ...without } = ring;
  expectSame(await runRealRing(without));
  expect(reportsOf(undisturbed, 'lost')).toEqual([]);
});

/** How many events the ring takes from the moment that all have layers. */
async function eventsOf(each: RealRing): Promise<number> {
  let events = 0;
  const told = (): void => void (events += 1);
  await runRealRing({ ...each, watch: { told } });
  return events;
}

describe('a worker that is killed at any moment', () => {
  test.each(['worker-1', 'worker-2', 'worker-3'])('%s', { timeout: 60_000 }, async (worker) => {
    const events = await eventsOf(ring);
    expect(events).toBeGreaterThan(100);
    for (let event = 0; event < events; event += 41)
      expectSame(await runRealRing({ ...ring, faults: [crash(worker, 'assign', 3, event)] }));
  });
});

test('a second one is killed while the ring forms anew', { timeout: 60_000 }, async () => {
  for (let event = 0; event < 60; event += 3) {
    const faults = [crash('worker-2', 'step', 4, 5), crash('worker-3', 'lost', 1, event)];
    const outcome = await runRealRing({ ...ring, faults });
    expectSame(outcome);
    expect(reportsOf(outcome, 'lost')).toHaveLength(2);
  }
});

test('with all workers gone the master trains on alone', async () => {
  const workers = ['worker-1', 'worker-2', 'worker-3'];
  const faults = workers.map((worker) => crash(worker, 'step', 4, 5));
  const outcome = await runRealRing({ ...ring, faults });
  expectSame(outcome);
  expect(reportsOf(outcome, 'reformed').at(-1)?.nodes).toHaveLength(1);
});

test('a worker that is killed once its copies are where they should be costs few steps', async () => {
  const outcome = await runRealRing({ ...ring, faults: [crash('worker-2', 'step', 6, 5)] });
  const [reformed] = reportsOf(outcome, 'reformed');
  expect(reformed).toMatchObject({ cause: 'lost', step: 4, replay: 2 });
  expect(reformed!.nodes.map(({ node }) => node)).toEqual(['master', 'worker-1', 'worker-3']);
  expect(reportsOf(outcome, 'replayed')).toEqual([
    { kind: 'replayed', step: 5, until: 6 },
    { kind: 'replayed', step: 6, until: 6 },
  ]);
});

test('two neighbours at once take the copies of one with them: back to the checkpoint or the seed', async () => {
  const faults = ['worker-1', 'worker-2'].map((worker) => crash(worker, 'step', 5, 5));
  const outcome = await runRealRing({ ...ring, faults });
  expectSame(outcome);
  expect(reportsOf(outcome, 'reformed').at(-1)).toMatchObject({ step: 3, replay: 2 });
});

describe('copies that cannot be read back', () => {
  const faults = [crash('worker-2', 'step', 6, 5)];

  test('on one device: another has them', async () => {
    // Of layers 4 to 6, that worker-2 held, worker-3 has the replica; of worker-1's, nobody else has any now.
    const isDamaged = (device: string, step: number): boolean =>
      device === 'worker-1' && step === 4;
    const outcome = await runRealRing({ ...ring, faults, isDamaged });
    expectSame(outcome);
    expect(reportsOf(outcome, 'reformed').at(-1)).toMatchObject({ step: 3, replay: 3 });
  });

  test('on all devices: there is the checkpoint', async () => {
    const outcome = await runRealRing({ ...ring, faults, isDamaged: () => true });
    expectSame(outcome);
    expect(reportsOf(outcome, 'reformed').at(-1)).toMatchObject({ step: 3, replay: 3 });
  });
});

describe('a device that comes late', () => {
  const start = (device: string, nth: number): ScriptedFault => ({
    when: { on: 'step', nth, events: 4 },
    fault: { kind: 'start', device },
  });
  // A knock takes a second.
  const slow = { ...ring, seconds: 0.05 };

  test('is given layers at the end of a step, and no step is lost', async () => {
    const outcome = await runRealRing({ ...slow, late: 1, faults: [start('worker-4', 1)] });
    expectSame(outcome);
    const [reformed, ...others] = reportsOf(outcome, 'reformed');
    expect(others).toEqual([]);
    expect(reformed).toMatchObject({ cause: 'joined', replay: 0 });
    expect(reformed!.nodes).toHaveLength(5);
    expect(reportsOf(outcome, 'replayed')).toEqual([]);
  });

  test('comes back after a loss', async () => {
    const faults = [crash('worker-2', 'step', 1, 1), start('worker-2', 1)];
    const outcome = await runRealRing({ ...slow, faults });
    expectSame(outcome);
    expect(reportsOf(outcome, 'reformed').map(({ cause }) => cause)).toEqual(['lost', 'joined']);
    expect(reportsOf(outcome, 'reformed').at(-1)!.nodes).toHaveLength(4);
  });

  test('is refused when the model has no layers for it, and nobody is disturbed', async () => {
    const outcome = await runRealRing({
      ...slow,
      late: 2,
      faults: [start('worker-4', 1), start('worker-5', 2)],
    });
    expectSame(outcome);
    expect(reportsOf(outcome, 'reformed')).toHaveLength(1);
    expect(outcome.ends.get('worker-5')?.error?.code).toBe('TOO_MANY_NODES');
  });
});

test('layers that are moved away from a slow node take their bits with them', async () => {
  const inner = (from: number, to: number): Stage[] => [{ place: 'inner', from, to, window: 2 }];
  const cut: Cutter = ([master, first]) => [
    [
      { place: 'opening', from: 0, to: 2, window: 2 },
      { place: 'closing', from: 7, to: 8, window: 2 },
    ],
    ...(first!.flops < master!.flops ? [inner(2, 4), inner(4, 7)] : [inner(2, 6), inner(6, 7)]),
  ];
  const { replicateEvery: _, ...rest } = ring;
  const longer = { ...rest, nodes: 3, training: { ...ring.training, epochs: 6 }, seconds: 0.1 };
  const even = await runRealRing(longer);
  const slow: ScriptedFault = {
    when: 0,
    fault: { kind: 'slowDevice', device: 'worker-1', times: 6, seconds: 1e4 },
  };
  const outcome = await runRealRing({ ...longer, cut, faults: [slow] });
  expect(reportsOf(outcome, 'reformed')).toMatchObject([{ cause: 'slow', step: 9, replay: 0 }]);
  expect(reportsOf(outcome, 'step')).toEqual(reportsOf(even, 'step'));
  expect(bits(outcome)).toEqual(bits(even));
});
