// A checkpoint of a replica: layer by layer out of the engine into the store, one on its way at a time.

import type { Payload } from '../node.ts';
import type { Outbox } from '../machine/outbox.ts';
import type { WorkQueue } from '../machine/work-queue.ts';

export class ReplicaTransfer {
  /** Steps that are done in what is saved. */
  readonly step: number;
  readonly #layers: number[];
  readonly #outbox: Outbox;
  readonly #works: WorkQueue;
  done = false;

  constructor(step: number, layers: readonly number[], outbox: Outbox, works: WorkQueue) {
    this.step = step;
    this.#layers = [...layers];
    this.#outbox = outbox;
    this.#works = works;
    this.#next();
  }

  #next(): void {
    const [layer] = this.#layers;
    if (layer === undefined) this.#outbox.add({ type: 'store', step: this.step });
    else this.#works.addUrgent({ kind: 'read', layer });
  }

  /** A layer is out of the engine. */
  arrived(layer: number, payload: Payload): void {
    this.#outbox.add({ type: 'store', step: this.step, layer, payload });
  }

  /** It is on the store; or, after the last, everything is. */
  settled(): void {
    if (this.#layers.length === 0) {
      this.done = true;
      return;
    }
    this.#layers.shift();
    this.#next();
  }
}
