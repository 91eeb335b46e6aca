// What a simulated device has written, which outlives its processes: copies of layers, and on a master
// the checkpoint. What is being written when a process dies is not there afterwards, as with files that
// get their name when they are whole.

import type { Effect, Event, Payload, SnapshotId } from '../node.ts';

export type DiskEffect = Extract<
  Effect,
  { type: 'store' | 'fetch' | 'discard' | 'keep' | 'recall' | 'drop' }
>;

export interface Checkpoint {
  readonly step: number;
  readonly layers: ReadonlyMap<number, Payload>;
}

export class Disk {
  /** Of which run there are copies. */
  run: string | undefined;
  /** By step, then by layer. */
  readonly snapshots = new Map<number, Map<number, Payload>>();
  checkpoint: Checkpoint | undefined;
  /** Copies being written, and those that processes that died never finished: nobody reads them. */
  readonly unfinished = new Set<Extract<Effect, { type: 'keep' }>>();
  #begun = new Map<number, Payload>();

  /** Reads or writes what an effect says; the event that tells of it, where one does. */
  carryOut(effect: DiskEffect): Event | undefined {
    switch (effect.type) {
      case 'keep': {
        this.unfinished.delete(effect);
        const { step, layer } = effect;
        this.#keep(effect, effect.payload);
        return { type: 'kept', step, layer };
      }
      case 'recall': {
        const { run, step, layer } = effect;
        const payload = run === this.run ? this.snapshots.get(step)?.get(layer) : undefined;
        return { type: 'recalled', step, layer, ...(payload && { payload }) };
      }
      case 'drop':
        if (effect.run === this.run)
          for (const step of this.snapshots.keys())
            if (step < effect.before) this.snapshots.delete(step);
        return undefined;
      case 'store':
        if (effect.layer !== undefined) this.#begun.set(effect.layer, effect.payload!);
        else {
          this.checkpoint = { step: effect.step, layers: this.#begun };
          this.discard();
        }
        return { type: 'stored' };
      case 'fetch': {
        const { layer } = effect;
        return { type: 'fetched', layer, payload: this.checkpoint!.layers.get(layer)! };
      }
      case 'discard':
        this.discard();
        return undefined;
    }
  }

  #keep({ run, step, layer }: SnapshotId, payload: Payload): void {
    if (run !== this.run) this.snapshots.clear();
    this.run = run;
    const layers = this.snapshots.get(step) ?? new Map<number, Payload>();
    this.snapshots.set(step, layers.set(layer, payload));
  }

  /** Gives up the checkpoint that was begun. */
  discard(): void {
    this.#begun = new Map();
  }

  /** The copies of the newest step are lost. */
  damage(): void {
    this.snapshots.delete(Math.max(...this.snapshots.keys()));
  }

  erase(): void {
    this.run = undefined;
    this.snapshots.clear();
    this.unfinished.clear();
    this.checkpoint = undefined;
    this.discard();
  }
}
