// The parameter server against one node, and against itself.

import { describe, expect, test } from 'vitest';

import { runRealRing } from '../ring/real-ring.ts';
import { quadrants } from './quadrants.ts';
import { runRealServer } from './real-server.ts';
import type { RealOutcome } from './real-server.ts';

const dense = (units: number): object => ({ layer: 'dense', units });

const net = {
  training: {
    model: [
      dense(96),
      { layer: 'relu' },
      { layer: 'dropout', ratio: 0.1 },
      dense(64),
      { layer: 'tanh' },
      dense(4),
    ],
    loss: 'softmaxCrossEntropy',
    optimizer: { kind: 'adam' },
    learningRate: 0.005,
    batch: 20,
    microbatches: 4,
    epochs: 4,
  },
  // 90 samples: the last batch of an epoch is smaller.
  train: quadrants(90, 70),
  test: quadrants(31, 70),
};

const bits = ({ losses, parameters }: RealOutcome): unknown => ({
  losses,
  parameters: [...parameters]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, values]) => [name, Buffer.from(values.buffer).toString('hex')]),
});

const furthest = (actual: readonly number[], expected: readonly number[]): number => {
  expect(actual).toHaveLength(expected.length);
  return Math.max(...actual.map((value, k) => Math.abs(value - expected[k]!) / expected[k]!));
};

test('a worker that has no rows of a batch waits for parameters like the others', async () => {
  // The last batch of an epoch has one sample.
  const training = {
    ...net.training,
    model: [dense(6), dense(5), dense(4)],
    batch: 6,
    microbatches: 3,
    epochs: 6,
  };
  const few = { ...net, training, train: quadrants(7, 70) };
  const alone = await runRealRing({ ...few, nodes: 1 });
  const run = { ...few, nodes: 3, servers: 'colocated', consistency: { kind: 'bsp' } } as const;
  const { losses } = await runRealServer(run);
  expect(furthest(losses, alone.losses)).toBeLessThan(1e-5);
});

describe('bsp', () => {
  test.each([
    [2, 1],
    [3, 1],
    [5, 2],
    [3, 'colocated'],
  ] as const)('%i nodes, %s servers: the losses of one node', async (nodes, servers) => {
    const alone = await runRealRing({ ...net, nodes: 1 });
    const run = { ...net, nodes, servers, consistency: { kind: 'bsp' } } as const;
    const outcome = await runRealServer(run);
    expect(outcome.ends.get('master')?.error).toBeUndefined();
    expect([...outcome.ends.keys()]).toHaveLength(nodes);
    expect(furthest(outcome.losses, alone.losses)).toBeLessThan(1e-5);
    expect([...outcome.parameters.keys()].sort()).toEqual([...alone.parameters.keys()].sort());
    const evaluations = outcome.reports.filter(({ kind }) => kind === 'evaluated');
    expect(evaluations).toHaveLength(4);
  });
});

test('bsp is the same again, whoever is slow', async () => {
  const run = { ...net, nodes: 4, servers: 1, consistency: { kind: 'bsp' } } as const;
  const even = await runRealServer(run);
  const uneven = await runRealServer({
    ...run,
    seconds: (_, node) => (node === 'worker-1' ? 5e-3 : 1e-3),
  });
  expect(bits(uneven)).toEqual(bits(even));
});
