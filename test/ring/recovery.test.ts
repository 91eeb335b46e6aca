// A ring that loses nodes, really computing: whatever is lost and whenever, the run ends with the same
// parameters, bit for bit, as one in which nothing failed.

import { beforeAll, describe, expect, test } from 'vitest';

import { memoryDataset } from '../../src/data/index.ts';
import type { Report } from '../../src/node.ts';
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

const of = <Kind extends Report['kind']>(
  { reports }: RealOutcome,
  kind: Kind,
): Extract<Report, { kind: Kind }>[] =>
  reports.filter((report): report is Extract<Report, { kind: Kind }> => report.kind === kind);

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
  expect(of(outcome, 'step')).toEqual(of(undisturbed, 'step'));
  expect(of(outcome, 'evaluated')).toEqual(of(undisturbed, 'evaluated'));
  expect(bits(outcome)).toEqual(bits(undisturbed));
}

test('nothing lost: snapshots change nothing', async () => {
  const { run: _, ...without } = ring;
  expectSame(await runRealRing(without));
  expect(of(undisturbed, 'lost')).toEqual([]);
});

describe('a worker that is killed at any moment', () => {
  test.each(['worker-1', 'worker-2', 'worker-3'])(
    '%s',
    async (worker) => {
      let events = 0;
      await runRealRing({ ...ring, watch: () => (events += 1) });
      for (let event = 0; event < events; event += 11) {
        const outcome = await runRealRing({ ...ring, faults: [crash(worker, 'assign', 3, event)] });
        if (of(outcome, 'lost').length > 0) expectSame(outcome);
        else expect(bits(outcome), `at event ${event}`).toEqual(bits(undisturbed));
      }
    },
    60_000,
  );
});
