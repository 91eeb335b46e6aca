// What a simulated device has written, which outlives its processes: copies of layers, and on a master
// the checkpoint. What is being written when a process dies is not there afterwards, as with files that
// get their name when they are whole.

import type { Payload, SnapshotId } from '../node.ts';

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
  #begun = new Map<number, Payload>();

  keep({ run, step, layer }: SnapshotId, payload: Payload): void {
    if (run !== this.run) this.snapshots.clear();
    this.run = run;
    const layers = this.snapshots.get(step) ?? new Map<number, Payload>();
    this.snapshots.set(step, layers.set(layer, payload));
  }

  recall({ run, step, layer }: SnapshotId): Payload | undefined {
    return run === this.run ? this.snapshots.get(step)?.get(layer) : undefined;
  }

  drop(run: string, before: number): void {
    if (run !== this.run) return;
    for (const step of this.snapshots.keys()) if (step < before) this.snapshots.delete(step);
  }

  /** A layer of the checkpoint being written; without one, the checkpoint is whole. */
  store(step: number, layer: number | undefined, payload: Payload | undefined): void {
    if (layer !== undefined) this.#begun.set(layer, payload!);
    else {
      this.checkpoint = { step, layers: this.#begun };
      this.discard();
    }
  }

  /** Gives up the checkpoint that was begun. */
  discard(): void {
    this.#begun = new Map();
  }

  erase(): void {
    this.run = undefined;
    this.snapshots.clear();
    this.checkpoint = undefined;
    this.discard();
  }
}
