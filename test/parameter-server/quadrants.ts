// Samples that a small network learns quickly: in which quadrant the first two of its numbers lie.

import { memoryDataset } from '../../src/data/index.ts';
import type { Dataset } from '../../src/ports.ts';

export function quadrants(count: number, width: number): Dataset {
  let word = 1;
  const next = (): number => {
    word = Math.imul(word, 1664525) + 1013904223;
    return (word >>> 8) / 2 ** 24;
  };
  const inputs = Float32Array.from({ length: count * width }, (_, k) =>
    k % width < 2 ? 4 * next() - 2 : (next() - 0.5) / 4,
  );
  const targets = Int32Array.from({ length: count }, (_, k) => {
    const [a, b] = [inputs[k * width]!, inputs[k * width + 1]!];
    return (a > 0 ? 1 : 0) + (b > 0 ? 2 : 0);
  });
  return memoryDataset({
    inputShape: [width],
    inputs,
    targets,
    target: { type: 'int32', shape: [] },
  });
}
