// Short trainings that PyTorch has done, done again by the ring on the real engine.

import { expect, test } from 'vitest';

import { memoryDataset } from '../../src/data/index.ts';
import { readGolden } from '../reference/safetensors.ts';
import { runRealRing } from './real-ring.ts';

const dense = (units: number): object => ({ layer: 'dense', units });
const convolution = (filters: number): object => ({
  layer: 'conv2d',
  filters,
  kernel: 3,
  padding: 1,
});
const pool = { layer: 'maxPool2d', kernel: 2 };

const cases = [
  {
    name: 'training-mlp',
    training: {
      model: [dense(32), { layer: 'relu' }, dense(24), { layer: 'tanh' }, dense(4)],
      optimizer: { kind: 'sgd', momentum: 0.9 },
      learningRate: 0.1,
      batch: 32,
      steps: 30,
    },
  },
  {
    name: 'training-cnn',
    training: {
      model: [
        convolution(4),
        { layer: 'relu' },
        pool,
        convolution(6),
        { layer: 'relu' },
        pool,
        { layer: 'flatten' },
        dense(3),
      ],
      optimizer: { kind: 'adam' },
      learningRate: 0.01,
      batch: 16,
      steps: 20,
    },
  },
];

const settings = cases.flatMap((each) =>
  [1, 2, 3].flatMap((nodes) => [1, 4].map((microbatches) => ({ ...each, nodes, microbatches }))),
);

test.each(settings)(
  '$name on $nodes nodes with $microbatches microbatches',
  async ({ name, training, nodes, microbatches }) => {
    const { tensors } = readGolden(name);
    const [count, ...inputShape] = tensors['x']!.shape;
    const initial = new Map<string, Float32Array>();
    for (const [key, { data }] of Object.entries(tensors))
      if (key.startsWith('initial.'))
        initial.set(key.slice('initial.'.length), data as Float32Array);
    const train = memoryDataset({
      inputShape,
      inputs: tensors['x']!.data as Float32Array,
      targets: tensors['target']!.data,
      target: { type: 'int32', shape: [] },
    });
    expect(train.count).toBe(count);
    const outcome = await runRealRing({
      training: { ...training, loss: 'softmaxCrossEntropy', microbatches },
      train,
      nodes,
      initial,
      inOrder: true,
    });
    expect(outcome.ends.get('master')?.error).toBeUndefined();
    const expected = tensors['losses']!.data;
    expect(outcome.losses).toHaveLength(expected.length);
    for (const [step, loss] of outcome.losses.entries())
      expect(Math.abs(loss - expected[step]!), `loss of step ${step}`).toBeLessThan(1e-3);
    for (const [parameter] of initial) {
      const final = tensors[`final.${parameter}`]!.data;
      const values = outcome.parameters.get(parameter)!;
      for (const [at, value] of values.entries())
        expect(Math.abs(value - final[at]!), `${parameter}[${at}]`).toBeLessThan(1e-3);
    }
  },
);
