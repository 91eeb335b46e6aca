// In which order an epoch visits the training samples. It follows from seed, epoch and step alone,
// so a run can be resumed, or replayed after a failure, at any step without stored state.

import { permutation, permuted, streamKey } from './random.ts';

export interface Sampler {
  /** Batches of one epoch; the last may be smaller. */
  readonly stepsPerEpoch: number;
  /** Samples of batch `step` (0..stepsPerEpoch-1) of an epoch (from 0), in order. */
  batchIndices(seed: number, epoch: number, step: number): Uint32Array;
}

const shuffleStream = 1;

/** Up to so many samples their whole order is drawn and kept, 4 bytes a sample; beyond, a batch alone. */
const largestKept = 2 ** 22;

/** Every sample once an epoch; at most 2^32 of them. */
export function createSampler(count: number, batch: number): Sampler {
  const orderOf = count > largestKept ? drawnByBatch(count) : keptWhole(count);
  return {
    stepsPerEpoch: Math.ceil(count / batch),
    batchIndices: (seed, epoch, step) =>
      orderOf(streamKey(shuffleStream, seed, epoch))(
        step * batch,
        Math.min((step + 1) * batch, count),
      ),
  };
}

/** From a key to the order that is drawn from it, of which a part can be had. */
type OrderOf = (key: number) => (from: number, to: number) => Uint32Array;

const drawnByBatch =
  (count: number): OrderOf =>
  (key) =>
  (from, to) =>
    Uint32Array.from({ length: Math.max(to - from, 0) }, (_, i) => permuted(from + i, count, key));

/** Keeps the newest order asked for. */
function keptWhole(count: number): OrderOf {
  let kept: { readonly key: number; readonly order: Uint32Array } | undefined;
  return (key) => {
    if (kept?.key !== key) kept = { key, order: permutation(count, key) };
    const { order } = kept;
    return (from, to) => order.slice(from, to);
  };
}
