// A parameter server whose devices come and go, really computing. Without a server everyone goes back to
// the checkpoint, and the losses are those of a run that nothing happened to, but for rounding. Without
// a worker the others go on: a step or two have fewer rows.

import { beforeAll, describe, expect, test } from 'vitest';

import { reportsOf } from '../reports.ts';
import type { ScriptedFault } from '../../src/simulator/faults.ts';
import { samplesOf } from '../ring/samples.ts';
import { runRealServer } from './real-server.ts';
import type { RealOutcome, RealServer } from './real-server.ts';

const dense = (units: number): object => ({ layer: 'dense', units });

const samples = samplesOf(24, [3], 3);

/** Six steps in two epochs, with a checkpoint after each; state of an optimizer, dropout. */
const run = {
  training: {
    model: [dense(8), { layer: 'tanh' }, dense(6), { layer: 'dropout', ratio: 0.3 }, dense(3)],
    loss: 'softmaxCrossEntropy',
    optimizer: { kind: 'adam' },
    learningRate: 0.02,
    clipNorm: 1,
    batch: 10,
    microbatches: 2,
    epochs: 2,
  },
  train: samples,
  test: samples,
  nodes: 4,
  servers: 2,
  consistency: { kind: 'bsp' },
} satisfies RealServer;

const crash = (device: string, on: string, nth: number, events: number): ScriptedFault => ({
  when: { on, nth, events },
  fault: { kind: 'crash', device },
});

let undisturbed: RealOutcome;
beforeAll(async () => {
  undisturbed = await runRealServer(run);
});

/** Sums of other groups differ by less than this, relative to what they come to. */
const tolerance = 1e-4;

function expectComplete(outcome: RealOutcome): void {
  expect(outcome.ends.get('master')).toEqual({ type: 'end' });
  expect(reportsOf(outcome, 'step').map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(reportsOf(outcome, 'evaluated').map(({ step }) => step)).toEqual([3, 6]);
}

function expectNear(outcome: RealOutcome): void {
  expectComplete(outcome);
  for (const kind of ['step', 'evaluated'] as const) {
    const actual = reportsOf(outcome, kind);
    for (const [at, { loss }] of reportsOf(undisturbed, kind).entries())
      expect(Math.abs(actual[at]!.loss! / loss! - 1), `${kind} ${at}`).toBeLessThan(tolerance);
  }
  for (const [name, values] of undisturbed.parameters)
    for (const [at, value] of values.entries())
      expect(Math.abs(outcome.parameters.get(name)![at]! - value)).toBeLessThan(tolerance);
}

async function eventsOf(each: RealServer): Promise<number> {
  let events = 0;
  const told = (): void => void (events += 1);
  await runRealServer({ ...each, watch: { told } });
  return events;
}

describe('a device that is killed at any moment', () => {
  test.each(['worker-2', 'worker-3'])('the server %s', { timeout: 60_000 }, async (server) => {
    const events = await eventsOf(run);
    expect(events).toBeGreaterThan(100);
    let times = 0;
    for (let event = 0; event < events; event += 37) {
      const outcome = await runRealServer({ ...run, faults: [crash(server, 'appoint', 3, event)] });
      expectNear(outcome);
      times += reportsOf(outcome, 'reformed').length;
      for (const { step, cause } of reportsOf(outcome, 'reformed')) {
        expect([0, 3, 6]).toContain(step);
        expect(cause).toBe('lost');
      }
    }
    expect(times).toBeGreaterThan(8);
  });

  test('a worker', { timeout: 60_000 }, async () => {
    const events = await eventsOf(run);
    for (let event = 0; event < events; event += 37)
      expectComplete(
        await runRealServer({ ...run, faults: [crash('worker-1', 'appoint', 3, event)] }),
      );
    expect(events).toBeGreaterThan(100);
  });

  test('a worker with a shard beside it', { timeout: 60_000 }, async () => {
    const colocated = { ...run, nodes: 3, servers: 'colocated' } as const;
    const events = await eventsOf(colocated);
    expect(events).toBeGreaterThan(100);
    for (let event = 0; event < events; event += 37)
      expectNear(
        await runRealServer({ ...colocated, faults: [crash('worker-1', 'appoint', 2, event)] }),
      );
  });

  test.each([{ kind: 'async' }, { kind: 'ssp', bound: 1 }] as const)(
    'the only server of $kind',
    { timeout: 60_000 },
    async (consistency) => {
      const { clipNorm: _, ...training } = run.training;
      const one = { ...run, training, nodes: 3, servers: 1, consistency };
      const events = await eventsOf(one);
      expect(events).toBeGreaterThan(100);
      for (let event = 0; event < events; event += 61)
        expectComplete(
          await runRealServer({ ...one, faults: [crash('worker-2', 'appoint', 2, event)] }),
        );
    },
  );
});

test('without any server a worker becomes one, and the master alone is all', async () => {
  const faults = ['worker-2', 'worker-3'].map((server) => crash(server, 'step', 5, 5));
  const outcome = await runRealServer({ ...run, faults });
  expectNear(outcome);
  expect(reportsOf(outcome, 'lost')).toHaveLength(2);
  expect(
    reportsOf(outcome, 'reformed')
      .at(-1)!
      .nodes.map(({ roles }) => roles),
  ).toEqual([['worker'], ['server']]);
  const alone = await runRealServer({
    ...run,
    faults: [...faults, crash('worker-1', 'lost', 1, 9)],
  });
  expectNear(alone);
  expect(
    reportsOf(alone, 'reformed')
      .at(-1)!
      .nodes.map(({ roles }) => roles),
  ).toEqual([['worker', 'server']]);
});

test('what was done since the checkpoint is done again, and told so', async () => {
  const outcome = await runRealServer({ ...run, faults: [crash('worker-3', 'step', 5, 0)] });
  expectNear(outcome);
  expect(reportsOf(outcome, 'reformed')).toMatchObject([{ cause: 'lost', step: 3, replay: 2 }]);
  expect(reportsOf(outcome, 'replayed')).toEqual([
    { kind: 'replayed', step: 4, until: 5 },
    { kind: 'replayed', step: 5, until: 5 },
  ]);
});

test('a second one is killed while all form anew', { timeout: 60_000 }, async () => {
  for (let event = 0; event < 60; event += 4) {
    const faults = [crash('worker-3', 'step', 4, 5), crash('worker-1', 'lost', 1, event)];
    const outcome = await runRealServer({ ...run, faults });
    expectComplete(outcome);
    expect(reportsOf(outcome, 'reformed').length).toBeGreaterThan(0);
  }
});

test('a server that comes back is a worker then, also beside shards', async () => {
  // A knock takes a second.
  const seconds = () => 0.1;
  for (const each of [run, { ...run, nodes: 3, servers: 'colocated' } as const]) {
    const back: ScriptedFault = {
      when: { on: 'step', nth: 1, events: 3 },
      fault: { kind: 'crash', device: 'worker-2', back: 0 },
    };
    const outcome = await runRealServer({ ...each, seconds, faults: [back] });
    expectNear(outcome);
    expect(reportsOf(outcome, 'lost')).toHaveLength(1);
    expect(reportsOf(outcome, 'joined')).toHaveLength(each.nodes);
  }
});

test('with the master killed and taken up again all go on from its checkpoint', async () => {
  const killed: ScriptedFault = {
    when: { on: 'step', nth: 5, events: 2 },
    fault: { kind: 'crash', device: 'master', back: 3 },
  };
  const outcome = await runRealServer({ ...run, faults: [killed] });
  expectNear(outcome);
  // The same devices make the same sums.
  expect(outcome.parameters).toEqual(undisturbed.parameters);
  expect(reportsOf(outcome, 'replayed').at(-1)).toEqual({ kind: 'replayed', step: 5, until: 5 });
});
