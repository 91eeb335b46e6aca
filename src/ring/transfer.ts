// Moves the model layer by layer between the nodes and the store: out of the ring for a checkpoint,
// into it to take up a run. One layer is on its way at a time, so that the master needs memory for no
// more than that of a model which it could never hold.

import type { Outbox } from '../machine/outbox.ts';
import type { WorkQueue } from '../machine/work-queue.ts';
import { masterId } from '../node.ts';
import type { NodeId, Payload } from '../node.ts';
import type { Formation } from './formation.ts';

export type Direction = 'save' | 'load';

/** What a transfer reaches layers by. */
export interface TransferRoutes {
  readonly formation: Formation;
  readonly outbox: Outbox;
  readonly works: WorkQueue;
}

export class Transfer {
  readonly direction: Direction;
  readonly step: number;
  readonly #layers: number[];
  readonly #routes: TransferRoutes;
  readonly #committed: number;
  /** The first layer has left where it was, and is on its way to where it should be. */
  #hasArrived = false;
  #completing = false;
  done = false;

  /** `committed`: the last pass that was committed, whose update layers must hold. */
  constructor(
    direction: Direction,
    step: number,
    committed: number,
    layers: readonly number[],
    routes: TransferRoutes,
  ) {
    this.direction = direction;
    this.step = step;
    this.#committed = committed;
    this.#layers = [...layers];
    this.#routes = routes;
  }

  /** Whether `node` is to give up this layer for the checkpoint. */
  awaitsParameters(node: NodeId, layer: number): boolean {
    return this.direction === 'save' && !this.#hasArrived && this.#isOn(node, layer);
  }

  /** Whether `node` is to say that it has taken in this layer. */
  awaitsLoaded(node: NodeId, layer: number): boolean {
    return this.direction === 'load' && this.#hasArrived && this.#isOn(node, layer);
  }

  #isOn(node: NodeId, layer: number): boolean {
    return layer === this.#layers[0] && this.#routes.formation.holderOf(layer) === node;
  }

  /** Asks for the next layer where it is now; after the last, completes the checkpoint. */
  next(): void {
    const { formation, outbox, works } = this.#routes;
    const [layer] = this.#layers;
    this.#hasArrived = false;
    if (layer === undefined) {
      if (this.direction === 'load') this.done = true;
      else {
        this.#completing = true;
        outbox.add({ type: 'store', step: this.step });
      }
      return;
    }
    if (this.direction === 'load') return outbox.add({ type: 'fetch', layer });
    const node = formation.holderOf(layer);
    if (node === masterId) works.addUrgent({ kind: 'read', layer });
    else outbox.send(node, { type: 'collect', layer, pass: this.#committed });
  }

  /** The layer's tensors are at the master: on they go, to the store or to who holds the layer. */
  arrived(layer: number, payload: Payload): void {
    const { formation, outbox, works } = this.#routes;
    this.#hasArrived = true;
    if (this.direction === 'save')
      return outbox.add({ type: 'store', step: this.step, layer, payload });
    const node = formation.holderOf(layer);
    if (node === masterId) works.addUrgent({ kind: 'write', layer, payload });
    else outbox.send(node, { type: 'load', layer, payload });
  }

  /** The layer is where it should be. */
  settled(): void {
    if (this.#completing) {
      this.done = true;
      return;
    }
    this.#layers.shift();
    this.next();
  }
}
