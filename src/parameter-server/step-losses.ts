// The loss of each step, put together from the parts of those who computed it.

import type { NodeId } from '../node.ts';

interface Part {
  readonly loss: number;
  readonly rows: number;
}

export class StepLosses {
  readonly #steps = new Map<number, Map<NodeId, Part>>();

  /** A worker's part: the sum over its rows, divided by the rows of the batch. */
  add(step: number, worker: NodeId, part: Part): void {
    const parts = this.#steps.get(step) ?? new Map<NodeId, Part>();
    this.#steps.set(step, parts.set(worker, part));
  }

  /**
   * The mean over the rows of the batch that were computed: all of them, but for steps in which a worker
   * was lost. Parts are added in the order of `workers`.
   */
  take(step: number, workers: readonly NodeId[], batchRows: number): number {
    const parts = this.#steps.get(step);
    this.#steps.delete(step);
    let loss = 0;
    let rows = 0;
    for (const worker of workers) {
      const part = parts?.get(worker);
      loss += part?.loss ?? 0;
      rows += part?.rows ?? 0;
    }
    return rows === batchRows ? loss : (loss * batchRows) / rows;
  }
}
