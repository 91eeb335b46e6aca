// What a node asks to be kept, brought back and dropped: checkpoints of a run, on the master, and copies
// of layers for the case that a node is lost.

import type { Effect, Event } from '../node.ts';
import type { TensorPayload } from '../protocol/messages.ts';
import { memorySnapshots } from './snapshots.ts';
import type { SnapshotStore } from './snapshots.ts';
import { Turns } from './turns.ts';

/** Where a master keeps its checkpoints, layer by layer. */
export interface LayerStore {
  save(step: number, layer: number, payload: TensorPayload): Promise<void>;
  /** All layers of the step are saved: now the checkpoint counts. */
  complete(step: number): Promise<void>;
  fetch(layer: number): Promise<TensorPayload>;
  /** Gives up a checkpoint that was begun; the one before it stays. */
  discard(): Promise<void>;
}

export type StoreEffect = Extract<
  Effect,
  { type: 'store' | 'fetch' | 'discard' | 'keep' | 'recall' | 'drop' }
>;

export class Stores {
  readonly #checkpoints: LayerStore | undefined;
  readonly #snapshots: SnapshotStore;

  /** What is asked of either is done one after the other: a ring formed anew may ask for a copy once more. */
  readonly #checkpointTurns = new Turns();
  readonly #snapshotTurns = new Turns();

  /** Without `checkpoints` none are kept; without `snapshots` they are in memory. */
  constructor(checkpoints?: LayerStore, snapshots: SnapshotStore = memorySnapshots()) {
    this.#checkpoints = checkpoints;
    this.#snapshots = snapshots;
  }

  async #checkpoint(
    effect: Extract<StoreEffect, { type: 'store' | 'fetch' | 'discard' }>,
  ): Promise<Event | undefined> {
    const store = this.#checkpoints;
    switch (effect.type) {
      case 'store': {
        const { step, layer, payload } = effect;
        if (layer === undefined) await store?.complete(step);
        else await store?.save(step, layer, payload as TensorPayload);
        return { type: 'stored' };
      }
      case 'fetch': {
        const { layer } = effect;
        return { type: 'fetched', layer, payload: await store!.fetch(layer) };
      }
      case 'discard':
        await store?.discard();
        return undefined;
    }
  }

  async #snapshot(
    effect: Extract<StoreEffect, { type: 'keep' | 'recall' | 'drop' }>,
  ): Promise<Event | undefined> {
    const store = this.#snapshots;
    switch (effect.type) {
      case 'keep': {
        const { step, layer, payload } = effect;
        await store.keep(effect, payload as TensorPayload);
        payload.release?.();
        return { type: 'kept', step, layer };
      }
      case 'recall': {
        const { step, layer } = effect;
        const payload = await store.recall(effect);
        return { type: 'recalled', step, layer, ...(payload && { payload }) };
      }
      case 'drop':
        await store.drop(effect.run, effect.before);
        return undefined;
    }
  }

  /** The event that tells that it is done, where one does. Errors: those of the stores. */
  carryOut(effect: StoreEffect): Promise<Event | undefined> {
    switch (effect.type) {
      case 'store':
      case 'fetch':
      case 'discard':
        return this.#checkpointTurns.take(() => this.#checkpoint(effect));
      case 'keep':
      case 'recall':
      case 'drop':
        return this.#snapshotTurns.take(() => this.#snapshot(effect));
    }
  }
}
