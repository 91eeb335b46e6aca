// Which samples are for training and which for testing, when one file holds both: drawn by seed, so
// that the split is the same on every machine and in every run of a training file.

import { permutation, streamKey } from './random.ts';

export interface Split {
  readonly train: Uint32Array;
  readonly test: Uint32Array;
}

const splitStream = 2;

/** `trainCount` and `testCount` of `count` samples, disjoint, each in ascending order so that files are read forwards. */
export function splitSamples(
  count: number,
  trainCount: number,
  testCount: number,
  seed: number,
): Split {
  const order = permutation(count, streamKey(splitStream, seed));
  return {
    train: order.slice(0, trainCount).sort(),
    test: order.slice(trainCount, trainCount + testCount).sort(),
  };
}
