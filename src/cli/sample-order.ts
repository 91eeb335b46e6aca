// Which samples make the batch of a step: it follows from the training alone, so every node that holds
// samples comes to the same order.

import { createSampler } from '../data/index.ts';
import type { RingTraining } from '../model/training.ts';

/** The samples of the batch of a step (from 0), in order. */
export function sampleOrder({
  seed,
  resolved,
}: Pick<RingTraining, 'seed' | 'resolved'>): (step: number) => Uint32Array {
  const sampler = createSampler(resolved.data.trainCount, resolved.batch);
  const { stepsPerEpoch } = sampler;
  return (step) =>
    sampler.batchIndices(seed, Math.floor(step / stepsPerEpoch), step % stepsPerEpoch);
}
