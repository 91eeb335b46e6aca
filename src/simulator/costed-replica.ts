// A replica that computes nothing and answers with what a schedule needs: blocks and sizes.

import { RingError } from '../errors.ts';
import type { Block, Payload, Slice, Work, WorkResult } from '../node.ts';
import { tensorHeaderBytes } from './costed.ts';
import type { SimulatedExecutor } from './simulation.ts';

export class CostedReplica implements SimulatedExecutor {
  readonly #blocks: readonly Block[];
  readonly #sampleBytes: number;

  constructor(blocks: readonly Block[], sampleBytes: number) {
    this.#blocks = blocks;
    this.#sampleBytes = sampleBytes;
  }

  run(work: Work): WorkResult {
    switch (work.kind) {
      case 'prepareReplica':
        return { prepared: { bytes: 0, units: {} }, blocks: this.#blocks };
      case 'lossBlock':
        return { loss: 0 };
      case 'weightsBlock':
        return work.outgoing ? { payloads: work.outgoing.map(sizeOf) } : {};
      case 'readSlices':
      case 'addSlices':
        return { payload: sizeOf(work.slices) };
      case 'replicaNorms':
        return { squaredNorms: this.#blocks.map(() => 0) };
      case 'readSamples':
        return { payload: { bytes: work.indices.length * this.#sampleBytes } };
      case 'read':
        return { payload: { bytes: 0 } };
      case 'forwardBlock':
      case 'backwardBlock':
      case 'writeSlices':
      case 'keepSamples':
      case 'update':
      case 'write':
        return {};
      default:
        throw new RingError('GRAPH', `a replica does not know the work ${work.kind}`);
    }
  }
}

/** As a payload with a tensor for each slice. */
export const sizeOf = (slices: readonly Slice[]): Payload => ({
  bytes: slices.reduce(
    (sum, { count }) => sum + 4 * count + tensorHeaderBytes,
    slices.length > 0 ? -tensorHeaderBytes : 0,
  ),
});
