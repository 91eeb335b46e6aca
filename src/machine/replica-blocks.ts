// How a model is cut for a replica: into blocks, and into microbatches of its share of a batch.

import type { RingTraining } from '../model/training.ts';
import type { Place, Stage } from '../node.ts';

/** The training as a replica computes it: in microbatches of its share of the batch. */
export function withShare(
  training: RingTraining,
  rows: number,
  microbatches: number,
): RingTraining {
  let largestGroup = 1;
  while (largestGroup < microbatches) largestGroup *= 2;
  const layers = training.resolved.layers.map((layer) => ({
    ...layer,
    weightGroup: Math.min(layer.weightGroup, largestGroup),
  }));
  return { ...training, resolved: { ...training.resolved, rows, microbatches, layers } };
}

/** The blocks of a model as stages that follow each other. */
export function blocksOf({ resolved: { layers } }: RingTraining): Stage[] {
  const starts = layers.flatMap(({ parameters }, layer) => (parameters.length > 0 ? [layer] : []));
  const borders = [0, ...starts.slice(1), layers.length];
  return borders.slice(1).map((to, block) => {
    const isLast = block === borders.length - 2;
    const place: Place = isLast ? 'closing' : block === 0 ? 'opening' : 'inner';
    return { place, from: borders[block]!, to, window: 1 };
  });
}
