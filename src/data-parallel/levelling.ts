// Brings every replica to where the master's is: layer by layer out of the master's engine to those that
// are not as far, or, when a run is taken up again, out of its checkpoint to everyone. One layer is on its
// way at a time.

import type { NodeId, Payload, Work } from '../node.ts';
import type { Message } from '../protocol/messages.ts';
import type { Outbox } from '../machine/outbox.ts';
import type { WorkQueue } from '../machine/work-queue.ts';

export class Levelling {
  readonly #layers: number[];
  readonly #from: 'checkpoint' | 'replica';
  readonly #to: readonly NodeId[];
  readonly #outbox: Outbox;
  readonly #works: WorkQueue;
  #isFetching = false;
  /** The layer has still to be put in place here, and there. */
  #own: Work | undefined;
  readonly #others = new Set<NodeId>();

  /** `to`: the workers that need the layers. */
  constructor(
    layers: readonly number[],
    from: 'checkpoint' | 'replica',
    to: readonly NodeId[],
    outbox: Outbox,
    works: WorkQueue,
  ) {
    this.#layers = from === 'replica' && to.length === 0 ? [] : [...layers];
    this.#from = from;
    this.#to = to;
    this.#outbox = outbox;
    this.#works = works;
    this.#next();
  }

  get isDone(): boolean {
    return this.#layers.length === 0;
  }

  #next(): void {
    const [layer] = this.#layers;
    if (layer === undefined) return;
    this.#isFetching = this.#from === 'checkpoint';
    if (this.#isFetching) this.#outbox.add({ type: 'fetch', layer });
    else this.#works.addUrgent({ kind: 'read', layer });
  }

  /** A layer is back from the checkpoint. */
  fetched(layer: number, payload: Payload): void {
    if (!this.#isFetching || layer !== this.#layers[0]) return;
    this.#isFetching = false;
    this.#own = { kind: 'write', layer, payload };
    this.#works.addUrgent(this.#own);
    this.read(layer, payload);
  }

  /** A layer is out of the engine. */
  read(layer: number, payload: Payload): void {
    for (const node of this.#to) {
      this.#others.add(node);
      this.#outbox.send(node, { type: 'load', layer, payload });
    }
  }

  /** It is in place here. */
  written(work: Work): void {
    if (work !== this.#own) return;
    this.#own = undefined;
    this.#goOn();
  }

  /** It is in place at a worker; false when that is not due. */
  loaded(from: NodeId, { layer }: Extract<Message, { type: 'loaded' }>): boolean {
    if (layer !== this.#layers[0] || !this.#others.delete(from)) return false;
    this.#goOn();
    return true;
  }

  #goOn(): void {
    if (this.#own || this.#others.size > 0) return;
    this.#layers.shift();
    this.#next();
  }
}
