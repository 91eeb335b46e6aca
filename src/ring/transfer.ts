// Moves the model layer by layer between the nodes and the store: out of the ring for a checkpoint,
// into it to take up a run. One layer is on its way at a time, so that the master needs memory for no
// more than that of a model which it could never hold.

import { masterId } from '../node.ts';
import type { Effect, NodeId, Payload } from '../node.ts';

export type Direction = 'save' | 'load';

export class Transfer {
  readonly direction: Direction;
  readonly step: number;
  readonly #layers: number[];
  readonly #holderOf: (layer: number) => NodeId;
  readonly #generation: number;
  #completing = false;
  done = false;

  constructor(
    direction: Direction,
    step: number,
    layers: readonly number[],
    holderOf: (layer: number) => NodeId,
    generation: number,
  ) {
    this.direction = direction;
    this.step = step;
    this.#layers = [...layers];
    this.#holderOf = holderOf;
    this.#generation = generation;
  }

  /** The layer that is on its way. */
  get layer(): number | undefined {
    return this.#layers[0];
  }

  /** Asks for the next layer where it is now; after the last, completes the checkpoint. */
  next(): Effect | undefined {
    const { layer } = this;
    if (layer === undefined) {
      if (this.direction === 'load') this.done = true;
      if (this.done) return undefined;
      this.#completing = true;
      return { type: 'store', step: this.step };
    }
    if (this.direction === 'load') return { type: 'fetch', layer };
    const node = this.#holderOf(layer);
    return node === masterId
      ? { type: 'compute', work: { kind: 'read', layer } }
      : this.#send(node, { type: 'collect', layer });
  }

  /** The layer's tensors are at the master: on they go, to the store or to who holds the layer. */
  arrived(layer: number, payload: Payload): Effect {
    if (this.direction === 'save') return { type: 'store', step: this.step, layer, payload };
    const node = this.#holderOf(layer);
    return node === masterId
      ? { type: 'compute', work: { kind: 'write', layer, payload } }
      : this.#send(node, { type: 'load', layer, payload });
  }

  /** The layer is where it should be. */
  settled(): Effect | undefined {
    if (this.#completing) {
      this.done = true;
      return undefined;
    }
    this.#layers.shift();
    return this.next();
  }

  #send(to: NodeId, message: Extract<Effect, { type: 'send' }>['message']): Effect {
    return { type: 'send', to, generation: this.#generation, message };
  }
}
