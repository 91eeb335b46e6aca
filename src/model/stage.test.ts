import { describe, expect, test } from 'vitest';
import { interpretInFloat64 } from '../../test/reference/interpreter.ts';
import { relativeError, runInto, trainingOf } from '../../test/reference/trainings.ts';
import { elementCount } from '../graph/graph.ts';
import { initialValues } from './initialise.ts';
import { layerCosts } from './layer-costs.ts';
import { deriveStage, stageNorms } from './stage.ts';
import type { Stage } from './stage.ts';

const model = [
  { layer: 'conv2d', filters: 3, kernel: 3, padding: 'same' },
  { layer: 'silu' },
  { layer: 'maxPool2d', kernel: 2 },
  { layer: 'flatten' },
  { layer: 'dropout', ratio: 0.25 },
  { layer: 'dense', units: 5 },
  { layer: 'leakyRelu' },
  { layer: 'dense', units: 3 },
];
const facts = { inputShape: [2, 4, 4], target: { type: 'int32', shape: [] } } as const;
const training = trainingOf(model, facts, { loss: 'softmaxCrossEntropy', batch: 32 });
const stage = (from: number, to: number, mode: 'train' | 'evaluate' | 'predict' = 'train') =>
  deriveStage(training, { from, to, loss: to === 8, input: from > 0 }, 8, mode);
const names = (values: readonly { name: string }[]) => values.map(({ name }) => name);

describe('deriveStage', () => {
  test('what a middle stage takes, gives and keeps', () => {
    const { inputs, outputs, parameters, forward, backward, weightGradients, kept } = stage(5, 7);
    expect(inputs).toEqual([{ name: 'x5', type: { type: 'float32', shape: [8, 12] } }]);
    expect(outputs).toEqual([{ name: 'x7', type: { type: 'float32', shape: [8, 5] } }]);
    expect(names(parameters)).toEqual(['5.weight', '5.bias']);
    expect(forward.inputs).toEqual(['x5', '5.weight', '5.bias']);
    expect(forward.outputs).toEqual(['x7']);
    expect(backward.inputs.toSorted()).toEqual(['5.weight', 'd/x7', 'x7']);
    expect(backward.outputs).toEqual(['d/x5', 'd/x6']);
    const [unit] = weightGradients;
    expect(unit).toMatchObject({ group: 4, layers: [5], parameters: ['5.weight', '5.bias'] });
    expect(unit?.inputs.toSorted()).toEqual(['d/x6', 'x5']);
    const row = (source: string, backward: boolean, units: number[]) =>
      expect.objectContaining({ source, backward, units });
    expect(Object.fromEntries(kept.map((value) => [value.name, value]))).toEqual({
      x5: row('input', false, [0]),
      x7: row('forward', true, []),
      'd/x6': row('backward', false, [0]),
      'd/x7': row('gradient', true, []),
    });
  });

  test('a group of microbatches has the same names as one', () => {
    for (const unit of stage(0, 8).weightGradients) {
      const [one, four] = [unit.graph(8), unit.graph(32)];
      expect(four.fresh.nodes.map(({ outputs }) => outputs)).toEqual(
        one.fresh.nodes.map(({ outputs }) => outputs),
      );
      expect(four.fresh.outputs).toEqual(unit.parameters.map((name) => `d/${name}`));
      expect(names(unit.inputs.map((name) => ({ name })))).toEqual(unit.inputs);
      for (const input of unit.inputs) expect(four.fresh.types[input]?.shape[0]).toBe(32);
      expect(four.accumulate.inputs).toEqual([
        ...four.fresh.inputs,
        ...unit.parameters.map((name) => `sum/d/${name}`),
      ]);
    }
  });

  test('evaluation drops nothing, keeps nothing and shows the output', () => {
    const { forward, kept, weightGradients } = stage(0, 8, 'evaluate');
    expect(forward.outputs).toEqual(['output', 'loss']);
    expect(forward.inputs).not.toContain('counter');
    expect([kept, weightGradients]).toEqual([[], []]);
    expect(stage(0, 8, 'predict').forward.outputs).toEqual(['output']);
    expect(stage(0, 8, 'predict').forward.inputs).not.toContain('target');
    expect(stage(8, 8, 'predict').forward.nodes.map(({ op }) => op)).toEqual(['Identity']);
    expect(stage(4, 5, 'evaluate').forward.nodes.map(({ op }) => op)).toEqual(['Identity']);
  });

  test('only a stage that draws takes the counter', () => {
    expect(stage(0, 5).forward.inputs).toContain('counter');
    expect(stage(5, 8).forward.inputs).not.toContain('counter');
  });

  test('a stage of no layers, or of layers without parameters, is one too', () => {
    expect(stage(8, 8).backward.outputs).toEqual(['d/x8']);
    expect(stage(1, 3).weightGradients).toEqual([]);
    expect(stage(1, 3).backward.outputs).toEqual(['d/x1']);
    expect(
      deriveStage(training, { from: 1, to: 3, loss: false, input: false }, 8, 'train').backward
        .nodes,
    ).toEqual([]);
    expect(() => stage(3, 9)).toThrow('there is no stage of layers 3 to 9 of 8');
  });

  test('gradients agree with finite differences', () => {
    const whole = deriveStage(training, { from: 0, to: 8, loss: true, input: true }, 8, 'train');
    const values = begin(whole);
    runInto(whole.forward, values);
    runInto(whole.backward, values);
    for (const unit of whole.weightGradients) runInto(unit.graph(8).fresh, values);
    const loss = (name: string, index: number, change: number): number => {
      const moved = Float64Array.from(values[name] ?? []);
      moved[index] = (moved[index] ?? 0) + change;
      return interpretInFloat64(whole.forward, { ...values, [name]: moved })['loss']?.[0] ?? 0;
    };
    for (const name of ['x0', ...names(whole.parameters)]) {
      const gradient = values[`d/${name}`] ?? [];
      const places = [0, 1, Math.floor(gradient.length / 2), gradient.length - 1];
      const measured = places.map((at) => (loss(name, at, 1e-5) - loss(name, at, -1e-5)) / 2e-5);
      expect(
        relativeError(
          places.map((at) => gradient[at] ?? 0),
          measured,
        ),
      ).toBeLessThan(1e-3);
    }
  });

  /** Values for every input of a stage's forward graph. */
  function begin({ forward }: Stage) {
    const entries = forward.inputs.map((name) => {
      if (name === 'target') return [name, Int32Array.of(0, 1, 2, 0, 1, 2, 0, 1)];
      if (name === 'scale') return [name, Float32Array.of(1 / 8)];
      if (name === 'counter') return [name, Int32Array.of(3, 8)];
      const shape = forward.types[name]?.shape ?? [];
      return [name, initialValues(5, 0, { name, shape, initial: { kind: 'uniform', bound: 1 } })];
    });
    return Object.fromEntries(entries) as Record<string, Float32Array | Int32Array>;
  }
});

test('stageNorms sums the squares of each layer', () => {
  const { parameters } = stage(5, 8);
  const values: Record<string, Float32Array> = {};
  for (const { name, type } of parameters)
    values[`d/${name}`] = new Float32Array(elementCount(type.shape)).fill(2);
  const results = runInto(stageNorms(parameters), values);
  expect(results['norm/5']).toEqual(Float32Array.of(4 * (5 * 12 + 5)));
  expect(results['norm/7']).toEqual(Float32Array.of(4 * (3 * 5 + 3)));
});

test('layerCosts', () => {
  const costs = layerCosts(
    trainingOf(model, facts, {
      loss: 'softmaxCrossEntropy',
      batch: 32,
      optimizer: { kind: 'adam' },
    }),
  );
  expect(costs.map(({ trainable }) => trainable)).toEqual([
    true,
    false,
    false,
    false,
    false,
    true,
    false,
    true,
  ]);
  const dense = costs[5];
  expect(dense).toMatchObject({
    parameterBytes: 4 * (12 * 5 + 5),
    optimizerBytes: 2 * 4 * (12 * 5 + 5),
    outputBytes: 4 * 8 * 5,
    // Its input, and the gradient of its output until the group is complete.
    savedBytes: 4 * 8 * (12 + 5),
  });
  expect(dense?.forwardFlops).toBeGreaterThanOrEqual(2 * 8 * 12 * 5);
  expect(dense?.backwardFlops).toBeGreaterThanOrEqual(2 * 8 * 12 * 5);
  expect(dense?.weightFlops).toBeGreaterThanOrEqual(2 * 8 * 12 * 5);
  // Nothing before the first layer learns.
  expect(costs[0]?.backwardFlops).toBe(0);
});
