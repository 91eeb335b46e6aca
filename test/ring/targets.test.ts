// Targets in a ring that really computes: two classes for binaryCrossEntropy, and those that do not suit.

import { expect, test } from 'vitest';
import { memoryDataset } from '../../src/data/index.ts';
import { runRealRing } from './real-ring.ts';

const inputs = Float32Array.from({ length: 64 }, (_, i) => Math.sin(i * i));
const training = (units: number, loss: string): object => ({
  model: [
    { layer: 'dense', units: 6 },
    { layer: 'tanh' },
    { layer: 'dense', units: 4 },
    { layer: 'tanh' },
    { layer: 'dense', units },
  ],
  loss,
  optimizer: { kind: 'adam' },
  learningRate: 0.05,
  epochs: 20,
  batch: 16,
});
const classified = (targets: readonly number[]) =>
  memoryDataset({
    inputShape: [2],
    inputs,
    target: { type: 'int32', shape: [] },
    targets: Int32Array.from(targets),
  });

test('binaryCrossEntropy learns two classes, the same on every ring', async () => {
  const targets = Array.from({ length: 32 }, (_, i) => Number(inputs[2 * i]! > inputs[2 * i + 1]!));
  const train = classified(targets);
  const ring = { training: training(1, 'binaryCrossEntropy'), train, test: train };
  const alone = await runRealRing({ ...ring, nodes: 1 });
  const two = await runRealRing({ ...ring, nodes: 2 });
  expect(two.losses).toEqual(alone.losses);
  expect(alone.losses.at(-1)).toBeLessThan(0.3);
});

test('a class that the model has no output for is named', async () => {
  const targets = Array.from({ length: 32 }, (_, i) => (i === 21 ? 3 : i % 3));
  const run = runRealRing({
    training: training(3, 'softmaxCrossEntropy'),
    train: classified(targets),
    nodes: 2,
  });
  await expect(run).rejects.toMatchObject({
    code: 'DATA',
    message: expect.stringMatching(/^training sample 21 has the target 3, .*from 0 to 2/),
  });
});
