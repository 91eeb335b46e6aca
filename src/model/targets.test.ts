import { expect, test } from 'vitest';
import { trainingOf } from '../../test/reference/trainings.ts';
import type { TensorType } from '../graph/graph.ts';
import { checkTargets } from './targets.ts';

const classes: TensorType = { type: 'int32', shape: [] };
const numbers: TensorType = { type: 'float32', shape: [2] };

const check = (
  loss: string,
  units: number,
  target: TensorType,
  targets: Float32Array | Int32Array,
): void => {
  const training = trainingOf([{ layer: 'dense', units }], { inputShape: [3], target }, { loss });
  checkTargets(training, targets, (row) => `sample ${row}`);
};

test.each([
  ['softmaxCrossEntropy', 3, classes, Int32Array.of(0, 2, 1)],
  ['binaryCrossEntropy', 1, classes, Int32Array.of(0, 1)],
  ['binaryCrossEntropy', 2, numbers, Float32Array.of(0, 1, 0.25, 0.5)],
  ['meanSquaredError', 2, numbers, Float32Array.of(-7, 1e9)],
] as const)('%s of %i outputs takes targets that suit it', (loss, units, target, targets) => {
  expect(() => check(loss, units, target, targets)).not.toThrow();
});

test.each([
  ['softmaxCrossEntropy', 3, classes, Int32Array.of(0, 3), /^sample 1 has the target 3, .*0 to 2/],
  ['softmaxCrossEntropy', 3, classes, Int32Array.of(-1), /^sample 0 has the target -1, /],
  ['binaryCrossEntropy', 1, classes, Int32Array.of(1, 2), /^sample 1 has the target 2, .*0 to 1/],
  ['binaryCrossEntropy', 2, numbers, Float32Array.of(0, 1, 0, 5), /^sample 1 .* target 5, /],
  ['binaryCrossEntropy', 2, numbers, Float32Array.of(0, NaN), /^sample 0 has the target NaN/],
] as const)('%s of %i outputs refuses others', (loss, units, target, targets, message) => {
  expect(() => check(loss, units, target, targets)).toThrow(
    expect.objectContaining({ code: 'DATA', message: expect.stringMatching(message) }),
  );
});
