// What async and ssp promise, what bounds staleness, and what happens when a worker is lost or a gradient
// is not finite.

import { describe, expect, test } from 'vitest';

import type { Event, NodeId } from '../../src/node.ts';
import type { Consistency } from '../../src/parameter-server/consistency.ts';
import { runRealRing } from '../ring/real-ring.ts';
import { runRealServer } from './real-server.ts';
import type { RealOutcome, RealServer } from './real-server.ts';
import { quadrants } from './quadrants.ts';

const net = {
  training: {
    model: [
      { layer: 'dense', units: 48 },
      { layer: 'relu' },
      { layer: 'dense', units: 32 },
      { layer: 'relu' },
      { layer: 'dense', units: 4 },
    ],
    loss: 'softmaxCrossEntropy',
    optimizer: { kind: 'sgd' },
    learningRate: 0.2,
    batch: 24,
    microbatches: 4,
    epochs: 6,
  },
  train: quadrants(240, 70),
  test: quadrants(100, 70),
};

const run = (more: Partial<RealServer> & { consistency: Consistency }): Promise<RealOutcome> =>
  runRealServer({ ...net, nodes: 4, servers: 1, ...more });

const error = (outcome: RealOutcome) => outcome.ends.get('master')?.error;

const accuracy = ({ reports }: RealOutcome): number =>
  reports.flatMap((each) => (each.kind === 'evaluated' ? [each.accuracy!] : [])).at(-1)!;

const slow = (_: unknown, node: NodeId): number => (node === 'worker-1' ? 7e-3 : 1e-3);

describe('async', () => {
  test.each([1, 2, 'colocated'] as const)('learns, with %s servers', async (servers) => {
    const outcome = await run({ servers, consistency: { kind: 'async' } });
    expect(error(outcome)).toBeUndefined();
    expect(outcome.losses).toHaveLength(60);
    expect(outcome.losses.at(-1)!).toBeLessThan(0.6 * outcome.losses[0]!);
    expect(accuracy(outcome)).toBeGreaterThan(0.8);
    const staleness = outcome.reports.findLast(({ kind }) => kind === 'staleness');
    expect(staleness).toMatchObject({ most: expect.any(Number) as number });
  });

  test('does not let the fast wait for the slow within an epoch', async () => {
    const [free, bound] = await Promise.all([
      run({ consistency: { kind: 'async' }, seconds: slow }),
      run({ consistency: { kind: 'ssp', bound: 1 }, seconds: slow }),
    ]);
    const most = (outcome: RealOutcome): number =>
      outcome.reports.findLast((each) => each.kind === 'staleness')!.most;
    expect(most(free)).toBeGreaterThan(most(bound));
  });
});

describe('ssp', () => {
  /** For each message that a worker begins a step by: how far ahead of the slowest it is. */
  function leads(servers: RealServer['servers'], bound: number) {
    const clocks = new Map<NodeId, number>();
    let furthest = 0;
    const observe = (node: NodeId, event: Event): void => {
      if (event.type !== 'computed' || event.work.kind !== 'lossBlock') return;
      const { step, mode } = event.work.of;
      if (mode !== 'train') return;
      clocks.set(node, step);
      if (clocks.size === 3) furthest = Math.max(furthest, step - Math.min(...clocks.values()));
    };
    const outcome = run({
      servers,
      consistency: { kind: 'ssp', bound },
      seconds: slow,
      observe,
    });
    return outcome.then((simulation) => ({ simulation, furthest }));
  }

  test.each([1, 2, 3])('nobody computes more than %i steps ahead of the slowest', async (bound) => {
    const { simulation, furthest } = await leads(1, bound);
    expect(error(simulation)).toBeUndefined();
    expect(furthest).toBeLessThanOrEqual(bound + 1);
    expect(furthest).toBeGreaterThan(0);
    const { most } = simulation.reports.findLast((each) => each.kind === 'staleness')!;
    // Each of two others: from `bound` behind at the pull to `bound` + 1 ahead at the push.
    expect(most).toBeLessThanOrEqual(2 * (2 * bound + 1));
  });
});

describe('clipping', () => {
  test('by the global norm, as one node does it', async () => {
    const clipped = { ...net, training: { ...net.training, clipNorm: 0.3 } };
    const alone = await runRealRing({ ...clipped, nodes: 1 });
    const outcome = await runRealServer({
      ...clipped,
      nodes: 4,
      servers: 2,
      consistency: { kind: 'bsp' },
    });
    expect(error(outcome)).toBeUndefined();
    for (const [step, loss] of alone.losses.entries())
      expect(Math.abs(outcome.losses[step]! - loss) / loss).toBeLessThan(1e-5);
  });
});

describe('what goes wrong', () => {
  test.each([{ kind: 'bsp' }, { kind: 'async' }] as const)(
    'a gradient that is not finite ends the run: $kind',
    async (consistency) => {
      const optimizer = { kind: 'sgd', momentum: 0.99 };
      const training = { ...net.training, optimizer, learningRate: 1e6 };
      const outcome = await run({ consistency, training });
      expect(error(outcome)?.code).toBe('NOT_FINITE');
      expect([...outcome.ends.keys()]).toHaveLength(4);
    },
  );

  test.each([{ kind: 'bsp' }, { kind: 'async' }, { kind: 'ssp', bound: 1 }] as const)(
    'a worker that is lost is done without: $kind',
    async (consistency) => {
      const outcome = await run({
        consistency,
        at: [{ seconds: 0.6, node: 'worker-1', event: { type: 'stop' } }],
      });
      expect(error(outcome)).toBeUndefined();
      expect(outcome.ends.get('worker-1')?.error?.code).toBe('INTERRUPTED');
      const steps = outcome.reports.findIndex(({ kind }) => kind === 'dropped');
      expect(steps).toBeGreaterThan(0);
      expect(outcome.losses).toHaveLength(60);
      expect(accuracy(outcome)).toBeGreaterThan(0.8);
    },
  );

  test.each([{ kind: 'bsp' }, { kind: 'async' }, { kind: 'ssp', bound: 1 }] as const)(
    'a worker may come in the place of one that is lost: $kind',
    async (consistency) => {
      const computed = new Set<number>();
      const outcome = await run({
        consistency,
        at: [{ seconds: 0.3, node: 'worker-1', event: { type: 'stop' } }],
        latecomerSeconds: 0.4,
        observe: (node, event) => {
          if (node === 'latecomer' && event.type === 'computed' && event.work.kind === 'lossBlock')
            computed.add(event.work.of.step);
        },
      });
      expect(error(outcome)).toBeUndefined();
      expect(outcome.ends.get('latecomer')).toEqual({ type: 'end' });
      expect(outcome.losses).toHaveLength(60);
      expect(computed.size).toBeGreaterThan(10);
      expect(computed.has(59)).toBe(true);
      expect(accuracy(outcome)).toBeGreaterThan(0.8);
    },
  );

  test('a user who stops has everything saved', async () => {
    const outcome = await run({
      consistency: { kind: 'bsp' },
      at: [{ seconds: 0.6, node: 'master', event: { type: 'stop' } }],
    });
    expect(error(outcome)?.code).toBe('INTERRUPTED');
    const saved = outcome.reports.findLast((each) => each.kind === 'saved');
    expect(saved?.step).toBe(outcome.losses.length);
  });
});
