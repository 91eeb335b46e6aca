// Data parallelism by all-reduce trains as one node does: the same losses but for rounding, the same
// bits on every node and in every run.

import { describe, expect, test } from 'vitest';

import { memoryDataset } from '../../src/data/index.ts';
import type { Dataset } from '../../src/ports.ts';
import { runRealRing } from '../ring/real-ring.ts';
import { runRealGroup } from './real-group.ts';
import type { GroupOutcome } from './real-group.ts';

const dense = (units: number): object => ({ layer: 'dense', units });

function samplesOf(count: number, inputShape: readonly number[], classes: number): Dataset {
  const size = inputShape.reduce((a, b) => a * b, 1);
  let word = 1;
  const next = (): number => {
    word = Math.imul(word, 1664525) + 1013904223;
    return (word >>> 8) / 2 ** 24;
  };
  const inputs = Float32Array.from({ length: count * size }, () => next() * 2 - 1);
  const targets = Int32Array.from({ length: count }, () => Math.floor(next() * classes));
  return memoryDataset({ inputShape, inputs, targets, target: { type: 'int32', shape: [] } });
}

const denseNet = {
  training: {
    model: [
      dense(24),
      { layer: 'relu' },
      { layer: 'dropout', ratio: 0.3 },
      dense(20),
      { layer: 'tanh' },
      dense(16),
      dense(16),
      { layer: 'dropout', ratio: 0.2 },
      { layer: 'relu' },
      dense(5),
    ],
    loss: 'softmaxCrossEntropy',
    optimizer: { kind: 'adam' },
    learningRate: 0.01,
    clipNorm: 0.5,
    batch: 20,
    microbatches: 5,
    epochs: 6,
  },
  // 42 samples: the last batch of an epoch has only 2, fewer than there are nodes.
  train: samplesOf(42, [13], 5),
  test: samplesOf(11, [13], 5),
};

const convolution = { layer: 'conv2d', filters: 4, kernel: 3, padding: 1 };

const convolutionalNet = {
  training: {
    model: [
      convolution,
      { layer: 'relu' },
      { layer: 'maxPool2d', kernel: 2 },
      convolution,
      { layer: 'relu' },
      { layer: 'dropout', ratio: 0.25 },
      { layer: 'averagePool2d', kernel: 2 },
      { layer: 'flatten' },
      dense(16),
      { layer: 'relu' },
      dense(4),
    ],
    loss: 'softmaxCrossEntropy',
    optimizer: { kind: 'sgd', momentum: 0.9 },
    learningRate: 0.05,
    batch: 12,
    microbatches: 4,
    epochs: 6,
  },
  train: samplesOf(28, [2, 8, 8], 4),
  test: samplesOf(7, [2, 8, 8], 4),
};

const bits = (parameters: ReadonlyMap<string, Float32Array>): unknown =>
  [...parameters].map(([name, values]) => [name, Buffer.from(values.buffer).toString('hex')]);

const evaluated = ({ reports }: Pick<GroupOutcome, 'reports'>) =>
  reports.flatMap((report) => (report.kind === 'evaluated' ? [report.loss!] : []));

function expectNear(actual: readonly number[], expected: readonly number[], what: string): void {
  expect(expected.length).toBeGreaterThan(5);
  expect(actual).toHaveLength(expected.length);
  for (const [at, value] of expected.entries())
    expect(Math.abs(actual[at]! - value) / value, `${what} ${at}`).toBeLessThan(1e-5);
}

describe.each([
  ['a dense net', denseNet],
  ['a convolutional net', convolutionalNet],
])('%s', (_, net) => {
  test('has the losses of one node but for rounding, on 1 to 5 nodes', async () => {
    const alone = await runRealRing({ ...net, nodes: 1 });
    for (const nodes of [1, 2, 3, 5]) {
      const group = await runRealGroup({ ...net, nodes });
      expect(group.ends.get('master')?.error).toBeUndefined();
      expectNear(group.losses, alone.losses, `${nodes} nodes, step`);
      expectNear(evaluated(group), evaluated(alone), `${nodes} nodes, evaluation`);
    }
  });

  test('has the same bits on every node and in every run, whatever the links', async () => {
    const group = await runRealGroup({ ...net, nodes: 3 });
    const again = await runRealGroup({ ...net, nodes: 3, latencySeconds: 0.05 });
    expect(again.losses).toEqual(group.losses);
    const [model, ...others] = [...group.replicas.values(), ...again.replicas.values()].map(bits);
    for (const other of others) expect(other).toEqual(model);
    // The checkpoint is what the master holds.
    expect(bits(group.parameters)).toEqual(model);
  });
});

test('what is not finite ends the run before any node has applied it', async () => {
  const training = { ...convolutionalNet.training, learningRate: 1e6 };
  const group = await runRealGroup({ ...convolutionalNet, training, nodes: 3 });
  expect(group.ends.get('master')?.error).toMatchObject({
    code: 'NOT_FINITE',
    reason: expect.stringMatching(/in step \d+, so that step was not done/),
  });
  expect(group.ends.get('worker-2')?.error?.code).toBe('NOT_FINITE');
  const [model, ...others] = [...group.replicas.values()].map(bits);
  for (const other of others) expect(other).toEqual(model);
  expect(bits(group.parameters)).toEqual(model);
  expect(group.reports.at(-1)).toEqual({ kind: 'saved', step: group.losses.length });
});
