// What a simulated device keeps: copies of layers and, on the master, the checkpoint.

import type { Effect, Event, Payload, SnapshotId } from '../node.ts';

export type DiskEffect = Extract<
  Effect,
  { type: 'store' | 'fetch' | 'discard' | 'keep' | 'recall' | 'drop' }
>;

const nameOf = ({ run, step, layer }: SnapshotId): string => `${run}/${step}/${layer}`;

export class Disk {
  /** The layers of the checkpoint. */
  readonly checkpoint: Map<number, Payload>;
  readonly #copies = new Map<string, { readonly id: SnapshotId; readonly payload: Payload }>();

  constructor(checkpoint?: ReadonlyMap<number, Payload>) {
    this.checkpoint = new Map(checkpoint);
  }

  /** The event that tells that it is done, where one does. */
  carryOut(effect: DiskEffect): Event | undefined {
    switch (effect.type) {
      case 'store':
        if (effect.layer !== undefined) this.checkpoint.set(effect.layer, effect.payload!);
        return { type: 'stored' };
      case 'fetch': {
        const { layer } = effect;
        return { type: 'fetched', layer, payload: this.checkpoint.get(layer)! };
      }
      case 'keep': {
        const { run, step, layer, payload } = effect;
        this.#copies.set(nameOf(effect), { id: { run, step, layer }, payload });
        return { type: 'kept', step, layer };
      }
      case 'recall': {
        const { step, layer } = effect;
        const copy = this.#copies.get(nameOf(effect));
        return { type: 'recalled', step, layer, ...(copy && { payload: copy.payload }) };
      }
      case 'drop':
        for (const [name, { id }] of this.#copies)
          if (id.run === effect.run && id.step < effect.before) this.#copies.delete(name);
        return undefined;
      case 'discard':
        return undefined;
    }
  }
}
