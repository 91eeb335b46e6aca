// Moves the model out of the ring into a checkpoint, layer by layer. One layer is on its way at a time,
// so that the master needs memory for no more than that of a model which it could never hold.

import type { Outbox } from '../machine/outbox.ts';
import type { WorkQueue } from '../machine/work-queue.ts';
import { masterId } from '../node.ts';
import type { NodeId, Payload, Work } from '../node.ts';
import type { Formation } from './formation.ts';

/** What layers are reached by. */
export interface LayerRoutes {
  readonly formation: Formation;
  readonly outbox: Outbox;
  readonly works: WorkQueue;
}

export class Saving {
  readonly step: number;
  readonly #layers: number[];
  readonly #routes: LayerRoutes;
  readonly #committed: number;
  #reading: Work | undefined;
  /** The store has been given something, and has not said that it is there. */
  isStoring = false;
  /** All layers are on the store: the checkpoint is as good as done. */
  isCompleting = false;
  done = false;

  /** `committed`: the last pass that was committed, whose update layers must hold. */
  constructor(step: number, committed: number, layers: readonly number[], routes: LayerRoutes) {
    this.step = step;
    this.#committed = committed;
    this.#layers = [...layers];
    this.#routes = routes;
    this.#next();
  }

  /** Whether `node` is to give up this layer for the checkpoint. */
  awaitsParameters(node: NodeId, layer: number): boolean {
    return (
      !this.isStoring &&
      layer === this.#layers[0] &&
      this.#routes.formation.holderOf(layer) === node
    );
  }

  /** Asks for the next layer; after the last, completes the checkpoint. */
  #next(): void {
    const { formation, outbox, works } = this.#routes;
    const [layer] = this.#layers;
    if (layer === undefined) {
      this.isCompleting = this.isStoring = true;
      return outbox.add({ type: 'store', step: this.step });
    }
    const node = formation.holderOf(layer);
    if (node !== masterId)
      return outbox.send(node, { type: 'collect', layer, pass: this.#committed });
    this.#reading = { kind: 'read', layer };
    return works.addUrgent(this.#reading);
  }

  /** A layer of the master's own was read; false when not for the checkpoint. */
  read(work: Work, payload: Payload): boolean {
    if (work !== this.#reading) return false;
    this.arrived(payload);
    return true;
  }

  /** The layer's tensors are at the master: on they go. */
  arrived(payload: Payload): void {
    const [layer] = this.#layers;
    this.isStoring = true;
    this.#routes.outbox.add({ type: 'store', step: this.step, layer: layer!, payload });
  }

  stored(): void {
    this.isStoring = false;
    if (this.isCompleting) {
      this.done = true;
      return;
    }
    this.#layers.shift();
    this.#next();
  }
}
