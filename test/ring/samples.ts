// Datasets of noise, for tests to which only the bits matter.

import { memoryDataset } from '../../src/data/index.ts';
import type { Dataset } from '../../src/ports.ts';

/** Inputs in [-1, 1) and as many classes: always the same ones. */
export function samplesOf(count: number, inputShape: readonly number[], classes: number): Dataset {
  const size = inputShape.reduce((a, b) => a * b, 1);
  let word = 1;
  const next = (): number => {
    word = Math.imul(word, 1664525) + 1013904223;
    return (word >>> 8) / 2 ** 24;
  };
  const inputs = Float32Array.from({ length: count * size }, () => next() * 2 - 1);
  const targets = Int32Array.from({ length: count }, () => Math.floor(next() * classes));
  return memoryDataset({ inputShape, inputs, targets, target: { type: 'int32', shape: [] } });
}
