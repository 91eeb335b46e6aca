// The same training file gives the same bits on any number of nodes.

import { describe, expect, test } from 'vitest';

import { runRealRing } from './real-ring.ts';
import type { RealOutcome } from './real-ring.ts';
import { samplesOf } from './samples.ts';

const dense = (units: number): object => ({ layer: 'dense', units });

const denseNet = {
  training: {
    model: [
      dense(24),
      { layer: 'relu' },
      { layer: 'dropout', ratio: 0.3 },
      dense(20),
      { layer: 'tanh' },
      dense(16),
      { layer: 'gelu' },
      { layer: 'dropout', ratio: 0.2 },
      dense(16),
      { layer: 'relu' },
      dense(12),
      { layer: 'sigmoid' },
      dense(5),
    ],
    loss: 'softmaxCrossEntropy',
    optimizer: { kind: 'adam' },
    learningRate: 0.01,
    clipNorm: 0.5,
    batch: 20,
    microbatches: 5,
    epochs: 2,
  },
  // 50 samples: the last batch of an epoch is smaller, and so is its last microbatch.
  train: samplesOf(50, [13], 5),
  test: samplesOf(11, [13], 5),
};

const convolution = (filters: number): object => ({
  layer: 'conv2d',
  filters,
  kernel: 3,
  padding: 1,
});

const convolutionalNet = {
  training: {
    model: [
      convolution(4),
      { layer: 'relu' },
      { layer: 'maxPool2d', kernel: 2 },
      convolution(6),
      { layer: 'relu' },
      { layer: 'dropout', ratio: 0.25 },
      convolution(6),
      { layer: 'relu' },
      { layer: 'averagePool2d', kernel: 2 },
      { layer: 'flatten' },
      dense(16),
      { layer: 'relu' },
      dense(12),
      { layer: 'relu' },
      dense(4),
    ],
    loss: 'softmaxCrossEntropy',
    optimizer: { kind: 'sgd', momentum: 0.9 },
    learningRate: 0.05,
    batch: 12,
    microbatches: 4,
    epochs: 2,
  },
  train: samplesOf(28, [2, 8, 8], 4),
  test: samplesOf(7, [2, 8, 8], 4),
};

const bits = (outcome: RealOutcome): unknown => ({
  losses: outcome.losses,
  evaluated: outcome.reports.filter(({ kind }) => kind === 'evaluated'),
  parameters: [...outcome.parameters]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, values]) => [name, Buffer.from(values.buffer).toString('hex')]),
});

describe.each([
  ['a dense net', denseNet],
  ['a convolutional net', convolutionalNet],
])('%s', (_, net) => {
  test('gives bit-identical losses and parameters on 1, 2, 3 and 5 nodes', async () => {
    const alone = await runRealRing({ ...net, nodes: 1 });
    expect(alone.ends.get('master')?.error).toBeUndefined();
    expect(alone.losses.every(Number.isFinite)).toBe(true);
    expect(alone.losses).toHaveLength(2 * Math.ceil(net.train.count / net.training.batch));
    for (const nodes of [2, 3, 5]) {
      const ring = await runRealRing({ ...net, nodes });
      expect(bits(ring), `${nodes} nodes`).toEqual(bits(alone));
    }
  });

  test('and with any window and slow links', async () => {
    const wide = await runRealRing({ ...net, nodes: 3 });
    const narrow = await runRealRing({ ...net, nodes: 3, window: 1, latencySeconds: 0.05 });
    expect(bits(narrow)).toEqual(bits(wide));
  });
});
