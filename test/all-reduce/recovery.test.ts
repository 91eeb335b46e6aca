// An all-reduce that loses nodes and gains them, really computing: no step that is done is lost, and the
// run ends with the losses of one that nothing happened to, but for rounding, since sums are grouped by
// who is there. All replicas have the same bits.

import { beforeAll, describe, expect, test } from 'vitest';

import { reportsOf } from '../reports.ts';
import type { ScriptedFault } from '../../src/simulator/faults.ts';
import { samplesOf } from '../ring/samples.ts';
import { runRealGroup } from './real-group.ts';
import type { GroupOutcome, RealGroup } from './real-group.ts';

const dense = (units: number): object => ({ layer: 'dense', units });

const samples = samplesOf(24, [3], 3);

/** Six steps in two epochs, state of an optimizer, dropout, a batch that does not come out even. */
const group = {
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
  nodes: 3,
} satisfies RealGroup;

const crash = (device: string, on: string, nth: number, events: number): ScriptedFault => ({
  when: { on, nth, events },
  fault: { kind: 'crash', device },
});

let undisturbed: GroupOutcome;
beforeAll(async () => {
  undisturbed = await runRealGroup(group);
});

/** Sums of other groups differ by less than this, relative to what they come to. */
const tolerance = 1e-4;

function expectNear(outcome: GroupOutcome): void {
  expect(outcome.ends.get('master')).toEqual({ type: 'end' });
  expect(reportsOf(outcome, 'step').map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
  for (const kind of ['step', 'evaluated'] as const) {
    const expected = reportsOf(undisturbed, kind);
    const actual = reportsOf(outcome, kind);
    expect(actual).toHaveLength(expected.length);
    for (const [at, { loss }] of expected.entries())
      expect(Math.abs(actual[at]!.loss! / loss! - 1), `${kind} ${at}`).toBeLessThan(tolerance);
  }
  for (const [name, values] of undisturbed.parameters)
    for (const [at, value] of values.entries())
      expect(Math.abs(outcome.parameters.get(name)![at]! - value)).toBeLessThan(tolerance);
  const model = outcome.replicas.get('master');
  const remaining = [...outcome.ends].filter(([, { error }]) => !error);
  for (const [node] of remaining) expect(outcome.replicas.get(node)).toEqual(model);
}

async function eventsOf(each: RealGroup): Promise<number> {
  let events = 0;
  const told = (): void => void (events += 1);
  await runRealGroup({ ...each, watch: { told } });
  return events;
}

describe('a worker that is killed at any moment', () => {
  test.each(['worker-1', 'worker-2'])('%s', { timeout: 60_000 }, async (worker) => {
    const events = await eventsOf(group);
    expect(events).toBeGreaterThan(100);
    let times = 0;
    for (let event = 0; event < events; event += 19) {
      const outcome = await runRealGroup({ ...group, faults: [crash(worker, 'enrol', 2, event)] });
      expectNear(outcome);
      times += reportsOf(outcome, 'reformed').length;
      for (const reformed of reportsOf(outcome, 'reformed'))
        expect(reformed).toMatchObject({ cause: 'lost', replay: 0 });
    }
    expect(times).toBeGreaterThan(8);
  });
});

test('a second one is killed while the group forms anew, and the master goes on alone', async () => {
  for (let event = 0; event < 40; event += 2) {
    const faults = [crash('worker-2', 'step', 3, 5), crash('worker-1', 'lost', 1, event)];
    const outcome = await runRealGroup({ ...group, faults });
    expectNear(outcome);
    expect(reportsOf(outcome, 'lost')).toHaveLength(2);
    expect(reportsOf(outcome, 'reformed').at(-1)?.nodes).toHaveLength(1);
  }
});

test('one that comes back, or comes late, is brought as far as the others', async () => {
  // A knock takes a second.
  const slow = { ...group, seconds: 0.05 };
  const back: ScriptedFault = {
    when: { on: 'step', nth: 1, events: 3 },
    fault: { kind: 'crash', device: 'worker-1', back: 0 },
  };
  const late: ScriptedFault = {
    when: { on: 'step', nth: 1, events: 4 },
    fault: { kind: 'start', device: 'worker-3' },
  };
  for (const [faults, causes, nodes] of [
    [[back], ['lost', 'joined'], 3],
    [[late], ['joined'], 4],
  ] as const) {
    const outcome = await runRealGroup({ ...slow, late: 1, faults });
    expectNear(outcome);
    const reformed = reportsOf(outcome, 'reformed');
    expect(reformed.map(({ cause }) => cause)).toEqual(causes);
    expect(reformed.at(-1)!.nodes).toHaveLength(nodes);
    expect(reformed.every(({ replay }) => replay === 0)).toBe(true);
  }
});

test('with the master killed and taken up again everyone goes on from its checkpoint', async () => {
  const killed: ScriptedFault = {
    when: { on: 'step', nth: 5, events: 2 },
    fault: { kind: 'crash', device: 'master', back: 3 },
  };
  const outcome = await runRealGroup({ ...group, faults: [killed] });
  expectNear(outcome);
  // The same nodes make the same sums.
  expect(outcome.parameters).toEqual(undisturbed.parameters);
  expect(reportsOf(outcome, 'replayed')).toEqual([
    { kind: 'replayed', step: 4, until: 5 },
    { kind: 'replayed', step: 5, until: 5 },
  ]);
});

test('a worker that stands still for long is done without, and comes back', async () => {
  const faults: ScriptedFault[] = [
    {
      when: { on: 'step', nth: 1, events: 2 },
      fault: { kind: 'pause', device: 'worker-2', seconds: 12 },
    },
  ];
  const outcome = await runRealGroup({ ...group, seconds: 0.5, faults });
  expectNear(outcome);
  expect(reportsOf(outcome, 'reformed').map(({ cause }) => cause)).toEqual(['lost', 'joined']);
});
