// In which order an epoch visits the training samples. It follows from seed, epoch and step alone,
// so a run can be resumed, or replayed after a failure, at any step without stored state.

import { permutation, streamKey } from './random.ts';

export interface Sampler {
  /** Batches of one epoch; the last may be smaller. */
  readonly stepsPerEpoch: number;
  /** Samples of batch `step` (0..stepsPerEpoch-1) of an epoch (from 0), in order. */
  batchIndices(seed: number, epoch: number, step: number): Uint32Array;
}

const shuffleStream = 1;

/** Every sample once an epoch; the order takes 4 bytes a sample and is kept for the newest epoch asked for. */
export function createSampler(count: number, batch: number): Sampler {
  let order: Uint32Array = new Uint32Array(0);
  let orderOf = '';
  return {
    stepsPerEpoch: Math.ceil(count / batch),
    batchIndices(seed, epoch, step) {
      const wanted = `${seed} ${epoch}`;
      if (wanted !== orderOf) {
        order = permutation(count, streamKey(shuffleStream, seed, epoch));
        orderOf = wanted;
      }
      return order.slice(step * batch, (step + 1) * batch);
    },
  };
}
