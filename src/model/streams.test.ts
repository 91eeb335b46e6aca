// What no layer of today does but the contract promises: several streams across a cut, and state.

import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import { relativeError, runInto } from '../../test/reference/trainings.ts';
import type { Values } from '../../test/reference/trainings.ts';
import type { LayerOptions } from './layers/index.ts';
import { defineLayer, kindOf, streamType, valueOf } from './layers/layer.ts';
import { resolveTraining } from './resolve.ts';
import { deriveStage } from './stage.ts';
import { parseTraining } from './training.ts';

const schema = <Kind extends string>(kind: Kind) => z.strictObject({ layer: z.literal(kind) });

/** Remembers its input on a second stream. */
const fork = defineLayer({
  options: schema('fork'),
  outputs: (_, inputs) => ({ x: streamType(inputs), skip: streamType(inputs) }),
  build: (_, { inputs }) => ({ outputs: { x: valueOf(inputs), skip: valueOf(inputs) } }),
});

/** Adds what was remembered. */
const join = defineLayer({
  options: schema('join'),
  reads: () => ['x', 'skip'],
  outputs: (_, inputs) => ({ x: streamType(inputs) }),
  build: (builder, { inputs }) => ({
    outputs: { x: builder.apply('Add', [valueOf(inputs), valueOf(inputs, 'skip')]) },
  }),
});

/** Doubles a number that it keeps. */
const doubling = defineLayer({
  options: schema('doubling'),
  outputs: (_, inputs) => ({ x: streamType(inputs) }),
  state: () => [{ name: 'number', shape: [], initial: { kind: 'constant', value: 1 } }],
  build(builder, { inputs, state, training }) {
    const number = valueOf(state, 'number');
    const outputs = { x: builder.apply('Mul', [valueOf(inputs), number]) };
    return training
      ? { outputs, state: { number: builder.apply('Add', [number, number]) } }
      : { outputs };
  },
});

vi.mock('./layers/index.ts', async (original) => {
  const real = await original<typeof import('./layers/index.ts')>();
  const layerDefinition = (kind: string) =>
    [fork, join, doubling].find((added) => kindOf(added) === kind) ?? real.layerDefinition(kind);
  return { ...real, layerDefinition };
});

function trainingWith(model: readonly object[]) {
  const file = { data: { kind: 'digits' }, loss: 'meanSquaredError', optimizer: { kind: 'sgd' } };
  const training = parseTraining({ ...file, model: [{ layer: 'relu' }], epochs: 1 }, 'test');
  const target = { type: 'float32', shape: [3] } as const;
  const facts = { inputShape: [3], target, trainCount: 2 };
  return resolveTraining({ ...training, model: model as LayerOptions[] }, facts);
}

const dense = { layer: 'dense', units: 3, bias: true };

test('a skip connection crosses cuts, and so does its gradient', () => {
  const training = trainingWith([
    dense,
    { layer: 'fork' },
    dense,
    { layer: 'tanh' },
    { layer: 'join' },
    dense,
  ]);
  const given: Values = {
    x0: Float32Array.of(1, 2, 3, -1, 0, 1),
    target: Float32Array.of(0, 1, 0, 1, 0, 1),
    scale: Float32Array.of(0.5),
  };
  for (const layer of [0, 2, 5]) {
    given[`${layer}.weight`] = Float32Array.from(
      { length: 9 },
      (_, i) => ((i * 7 + layer) % 5) / 5,
    );
    given[`${layer}.bias`] = Float32Array.of(0.1, 0.2, 0.3);
  }
  const run = (cuts: readonly number[]): Values => {
    const borders = [0, ...cuts, 6];
    const values: Values = { ...given };
    const stages = borders.slice(1).map((to, index) => {
      const from = borders[index] ?? 0;
      return deriveStage(training, { from, to, loss: to === 6, input: index > 0 }, 2, 'train');
    });
    for (const stage of stages) runInto(stage.forward, values);
    for (const stage of stages.toReversed()) {
      runInto(stage.backward, values);
      for (const unit of stage.weightGradients) runInto(unit.graph(2).fresh, values);
    }
    return values;
  };
  const whole = run([]);
  for (const cuts of [[2], [3], [4], [2, 3, 4], [1, 5]]) {
    const values = run(cuts);
    for (const name of ['loss', 'd/0.weight', 'd/0.bias', 'd/2.weight', 'd/5.weight'])
      expect(relativeError(values[name], whole[name])).toBe(0);
  }
  const crossing = (to: number) =>
    deriveStage(training, { from: 0, to, loss: false, input: false }, 2, 'train').outputs.map(
      ({ name }) => name,
    );
  expect([1, 2, 4, 5].map(crossing)).toEqual([['x1'], ['x2', 'skip2'], ['x4', 'skip4'], ['x5']]);
});

test('state goes in, and comes out changed in training only', () => {
  const training = trainingWith([{ layer: 'relu' }, { layer: 'doubling' }, dense]);
  const request = { from: 0, to: 2, loss: false, input: true };
  const stage = deriveStage(training, request, 1, 'train');
  expect(stage.state).toEqual([
    { name: '1.number', type: { type: 'float32', shape: [] }, layer: 1 },
  ]);
  const values: Values = { x0: Float32Array.of(1, 2, 3), '1.number': Float32Array.of(4) };
  runInto(stage.forward, values);
  expect([values['x2'], values['new/1.number']]).toEqual([
    Float32Array.of(4, 8, 12),
    Float32Array.of(8),
  ]);
  expect(deriveStage(training, request, 1, 'evaluate').forward.outputs).toEqual(['x2']);
});
