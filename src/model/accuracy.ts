// How many rows a model gets right, where its targets are classes.

import type { LossKind } from './losses/index.ts';

/**
 * Counts the rows whose greatest output (the first of equals) is the target's class, or for
 * binaryCrossEntropy the numbers whose sign says the same as the target. Undefined for other losses.
 * @param output [rows, classes], or [rows, n] logits
 */
export function countCorrect(
  loss: LossKind,
  output: Float32Array,
  targets: Float32Array | Int32Array,
): number | undefined {
  if (loss === 'binaryCrossEntropy') {
    let correct = 0;
    for (const [at, target] of targets.entries())
      if (output[at]! > 0 === target > 0.5) correct += 1;
    return correct / (output.length / targets.length);
  }
  if (loss !== 'softmaxCrossEntropy') return undefined;
  const classes = output.length / targets.length;
  let correct = 0;
  for (const [row, target] of targets.entries()) {
    const scores = output.subarray(row * classes, (row + 1) * classes);
    if (scores.indexOf(Math.max(...scores)) === target) correct += 1;
  }
  return correct;
}
