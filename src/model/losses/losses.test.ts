// Every loss against PyTorch, also when the batch comes in microbatches.

import { describe, expect, test } from 'vitest';
import { readGolden } from '../../../test/reference/safetensors.ts';
import { elementCount } from '../../graph/graph.ts';
import type { TensorType } from '../../graph/graph.ts';
import { relativeError, runInto, trainingOf } from '../../../test/reference/trainings.ts';
import type { Values } from '../../../test/reference/trainings.ts';
import { deriveStage } from '../stage.ts';

describe('losses agree with PyTorch', () => {
  test.each([
    ['softmaxCrossEntropy', 'softmaxCrossEntropy', 'int32'],
    ['softmaxCrossEntropy-sequence', 'softmaxCrossEntropy', 'int32'],
    ['meanSquaredError', 'meanSquaredError', 'float32'],
    ['binaryCrossEntropy', 'binaryCrossEntropy', 'float32'],
  ] as const)('%s', (file, loss, type) => {
    const { tensors } = readGolden(`loss-${file}`);
    const { x, target, loss: expected, dx } = tensors;
    if (!x || !target || !expected || !dx) throw new Error('the golden file is not of a loss');
    const [count = 0] = x.shape;
    const training = trainingOf(
      [{ layer: 'dense', units: x.shape.at(-1) }],
      { inputShape: x.shape.slice(1), target: { type, shape: target.shape.slice(1) } },
      { loss },
    );
    // The loss alone, row by row in microbatches of 1, 2 and all rows.
    for (const rows of [1, 2, count]) {
      const request = { from: 1, to: 1, loss: true, input: true };
      const stage = deriveStage(training, request, rows, 'train');
      const each = elementCount(x.shape) / count;
      const targets = elementCount(target.shape) / count;
      let sum = 0;
      const gradient: number[] = [];
      for (let first = 0; first < count; first += rows) {
        const values: Values = {
          x1: x.data.slice(first * each, (first + rows) * each),
          target: target.data.slice(first * targets, (first + rows) * targets),
          scale: Float32Array.of(1 / count),
        };
        runInto(stage.forward, values);
        sum += values['loss']?.[0] ?? Number.NaN;
        runInto(stage.backward, values);
        gradient.push(...(values['d/x1'] ?? []));
      }
      expect(relativeError([sum], expected.data)).toBeLessThan(1e-4);
      expect(relativeError(gradient, dx.data)).toBeLessThan(1e-4);
    }
  });
});

describe('a loss that does not suit says so in one line', () => {
  const classes: TensorType = { type: 'int32', shape: [] };
  const number: TensorType = { type: 'float32', shape: [] };
  const cases: [string, number, TensorType, string[] | undefined, string][] = [
    [
      'softmaxCrossEntropy',
      2,
      classes,
      ['a', 'b', 'c'],
      'the loss softmaxCrossEntropy is given outputs [2] and classes [] per sample, expects an output for each of the 3 classes: give the last layer 3 units',
    ],
    [
      'softmaxCrossEntropy',
      4,
      classes,
      ['a', 'b', 'c'],
      'the loss softmaxCrossEntropy is given outputs [4] and classes [] per sample, expects an output for each of the 3 classes: give the last layer 3 units',
    ],
    [
      'softmaxCrossEntropy',
      2,
      number,
      undefined,
      'the loss softmaxCrossEntropy is given outputs [2] and numbers [] per sample, expects classes as targets: set data.target to "class", or take another loss',
    ],
    [
      'binaryCrossEntropy',
      1,
      classes,
      ['a', 'b', 'c'],
      'the loss binaryCrossEntropy is given outputs [1] and classes [] per sample, expects two classes, not 3: take the loss softmaxCrossEntropy',
    ],
    [
      'binaryCrossEntropy',
      2,
      classes,
      ['no', 'yes'],
      'the loss binaryCrossEntropy is given outputs [2] and classes [] per sample, expects one output for two classes: give the last layer 1 unit',
    ],
    [
      'meanSquaredError',
      1,
      classes,
      undefined,
      'the loss meanSquaredError is given outputs [1] and classes [] per sample, expects numbers as targets: set data.target to "number", or take the loss softmaxCrossEntropy',
    ],
    [
      'meanSquaredError',
      2,
      number,
      undefined,
      'the loss meanSquaredError is given outputs [2] and numbers [] per sample, expects an output for each number: end the model with an output of [1]',
    ],
  ];
  test.each(cases)('%s of %i outputs', (loss, units, target, names, message) => {
    const facts = { inputShape: [4], target, classes: names };
    expect(() => trainingOf([{ layer: 'dense', units }], facts, { loss })).toThrow(
      expect.objectContaining({ code: 'MODEL', message }),
    );
  });

  test('one number per sample needs no axis of its own', () => {
    const facts = { inputShape: [1], target: number };
    const model = [{ layer: 'dense', units: 1 }];
    const training = trainingOf(model, facts, { loss: 'meanSquaredError' });
    const stage = deriveStage(training, { from: 1, to: 1, loss: true, input: true }, 2, 'train');
    const values: Values = {
      x1: Float32Array.of(1, 5),
      target: Float32Array.of(3, 4),
      scale: Float32Array.of(0.5),
    };
    runInto(stage.forward, values);
    expect(values['loss']?.[0]).toBe(2.5);
    runInto(stage.backward, values);
    expect([...(values['d/x1'] ?? [])]).toEqual([-2, 1]);
  });

  test('two classes are to binaryCrossEntropy what the numbers 0 and 1 are', () => {
    const model = [{ layer: 'dense', units: 1 }];
    const run = (target: TensorType, targets: Int32Array | Float32Array) => {
      const training = trainingOf(model, { inputShape: [1], target }, { loss });
      const request = { from: 1, to: 1, loss: true, input: true };
      const stage = deriveStage(training, request, 4, 'train');
      const values: Values = {
        x1: Float32Array.of(3, 3, -0.5, -0.5),
        target: targets,
        scale: Float32Array.of(0.25),
      };
      runInto(stage.forward, values);
      runInto(stage.backward, values);
      return values;
    };
    const loss = 'binaryCrossEntropy';
    const numbers = run({ type: 'float32', shape: [1] }, Float32Array.of(0, 1, 0, 1));
    const ofClasses = run(classes, Int32Array.of(0, 1, 0, 1));
    expect(relativeError(ofClasses['loss'], numbers['loss'])).toBeLessThan(1e-6);
    expect(relativeError(ofClasses['d/x1'], numbers['d/x1'])).toBeLessThan(1e-6);
  });
});
