// Brings every layer to who holds it now, as it was after a step that was done: from the holder's own
// keeping if it has a copy there, else from somebody else's by way of the master, else from the
// checkpoint. One layer is on its way at a time, as in saving.ts.

import { RingError } from '../errors.ts';
import { masterId } from '../node.ts';
import type { NodeId, Payload, Work } from '../node.ts';
import type { Message } from '../protocol/messages.ts';
import type { Holdings } from './holdings.ts';
import type { LayerRoutes } from './saving.ts';

/** Where the layers come from. */
export interface Base {
  readonly step: number;
  /** `seed`: nothing is to be brought, layers are prepared with the parameters of the seed. */
  readonly from: 'copies' | 'checkpoint' | 'seed';
}

/** What must come next: an answer by a node, or by the master's own device. */
type Awaited =
  | { readonly from: NodeId; readonly type: 'parameters' | 'loaded' }
  | { readonly type: 'recalled' | 'fetched' }
  | { readonly work: Work };

export class Loading {
  readonly base: Base;
  readonly #layers: number[];
  readonly #routes: LayerRoutes;
  readonly #run: string;
  readonly #holdings: Holdings;
  #awaited: Awaited | undefined;

  constructor(
    base: Base,
    layers: readonly number[],
    run: string,
    holdings: Holdings,
    routes: LayerRoutes,
  ) {
    this.base = base;
    this.#layers = base.from === 'seed' ? [] : [...layers];
    this.#run = run;
    this.#holdings = holdings;
    this.#routes = routes;
    this.#next();
  }

  get done(): boolean {
    return this.#layers.length === 0;
  }

  #next(): void {
    const [layer] = this.#layers;
    if (layer === undefined) return;
    const { formation, outbox } = this.#routes;
    const { from, step } = this.base;
    const holder = formation.holderOf(layer);
    const source =
      from === 'copies' ? this.#holdings.sourceOf(step, layer, [holder, masterId]) : undefined;
    if (from === 'copies' && source === undefined)
      throw new RingError(
        'NODE_LOST',
        `nobody keeps layer ${layer} as it was after step ${step} any more: take the run up again with --resume`,
      );
    if (source === undefined) {
      this.#awaited = { type: 'fetched' };
      outbox.add({ type: 'fetch', layer });
    } else if (source === masterId) {
      this.#awaited = { type: 'recalled' };
      outbox.add({ type: 'recall', run: this.#run, step, layer });
    } else if (source === holder) {
      this.#awaited = { from: holder, type: 'loaded' };
      outbox.send(holder, { type: 'restore', step, layer });
    } else {
      this.#awaited = { from: source, type: 'parameters' };
      outbox.send(source, { type: 'recall', step, layer });
    }
  }

  /** Takes an answer of a worker; false when it is not due. */
  take(from: NodeId, message: Message): boolean {
    if (!('layer' in message) || message.layer !== this.#layers[0]) return false;
    const awaited = this.#awaited;
    if (!awaited || !('from' in awaited) || awaited.from !== from || awaited.type !== message.type)
      return false;
    if (message.type === 'parameters') this.#bring(message.layer, message.payload);
    else this.#settled();
    return true;
  }

  /** The master's own device has a copy of the layer; of a ring that was given up, it may be of another step. */
  recalled(step: number, layer: number, payload: Payload): void {
    if (step === this.base.step) this.#has('recalled', layer, payload);
  }

  /** The checkpoint's layer is here. */
  fetched(layer: number, payload: Payload): void {
    this.#has('fetched', layer, payload);
  }

  #has(type: 'recalled' | 'fetched', layer: number, payload: Payload): void {
    const awaited = this.#awaited;
    if (layer === this.#layers[0] && awaited && 'type' in awaited && awaited.type === type)
      this.#bring(layer, payload);
  }

  /** A work of the master's own engine is done. */
  written(work: Work): void {
    if (this.#awaited && 'work' in this.#awaited && this.#awaited.work === work) this.#settled();
  }

  #bring(layer: number, payload: Payload): void {
    const { formation, outbox, works } = this.#routes;
    const holder = formation.holderOf(layer);
    if (holder === masterId) {
      const work: Work = { kind: 'write', layer, payload };
      this.#awaited = { work };
      works.addUrgent(work);
    } else {
      this.#awaited = { from: holder, type: 'loaded' };
      outbox.send(holder, { type: 'load', layer, payload });
    }
  }

  #settled(): void {
    this.#layers.shift();
    this.#next();
  }
}
