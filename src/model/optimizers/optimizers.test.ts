// Every optimizer against PyTorch over five steps.

import { describe, expect, test } from 'vitest';
import { readGolden } from '../../../test/reference/safetensors.ts';
import { relativeError, runInto, trainingOf } from '../../../test/reference/trainings.ts';
import type { Values } from '../../../test/reference/trainings.ts';
import { stageUpdate, updateScalars } from '../stage.ts';

describe('optimizers agree with PyTorch', () => {
  test.each([
    ['sgd', 0.1, { kind: 'sgd' }, []],
    ['sgd-momentum', 0.1, { kind: 'sgd', momentum: 0.9 }, ['momentum']],
    ['sgd-nesterov', 0.1, { kind: 'sgd', momentum: 0.9, nesterov: true }, ['momentum']],
    ['sgd-weightDecay', 0.1, { kind: 'sgd', momentum: 0.9, weightDecay: 0.01 }, ['momentum']],
    ['adam', 0.01, { kind: 'adam' }, ['mean', 'variance']],
    ['adamw', 0.01, { kind: 'adamw', weightDecay: 0.1 }, ['mean', 'variance']],
  ])('%s', (file, rate, optimizer, stateNames) => {
    const { tensors } = readGolden(`optimizer-${file}`);
    const training = trainingOf(
      [{ layer: 'dense', units: 4 }],
      { inputShape: [4], target: { type: 'float32', shape: [4] } },
      { optimizer },
    );
    const type = { type: 'float32', shape: [4, 3] } as const;
    const update = stageUpdate(training, [{ name: '0.weight', type, layer: 0 }]);
    expect(update.state.map(({ name }) => name)).toEqual(
      stateNames.map((name) => `0.weight/${name}`),
    );

    const values: Values = { '0.weight': tensors['param.0']?.data ?? new Float32Array() };
    for (const { name } of update.state) values[name] = new Float32Array(12);
    for (let step = 1; step <= 5; step++) {
      values['d/0.weight'] = tensors[`grad.${step - 1}`]?.data ?? new Float32Array();
      values['scalars'] = updateScalars(training, step, rate, 1);
      runInto(update.graph, values);
      for (const { input, output } of update.replaces)
        values[input] = values[output] ?? new Float32Array();
      expect(relativeError(values['0.weight'], tensors[`param.${step}`]?.data)).toBeLessThan(1e-4);
    }
  });
});

test("Adam's corrections come from multiplications alone", () => {
  const training = trainingOf(
    [{ layer: 'dense', units: 1 }],
    { inputShape: [1], target: { type: 'float32', shape: [1] } },
    { optimizer: { kind: 'adam' } },
  );
  const [rate, factor, first, second] = updateScalars(training, 1000, 0.5, 0.25);
  expect([rate, factor, first]).toEqual([0.5, 0.25, 1]);
  expect(second).toBeCloseTo(1 - 0.999 ** 1000, 6);
});
