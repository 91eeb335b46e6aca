// A node copies its own layers after a step, one at a time: read behind the update, then kept. Nothing
// of the next update may come before the last of them is read.

import type { Outbox } from '../machine/outbox.ts';
import type { WorkQueue } from '../machine/work-queue.ts';
import type { Payload, Work } from '../node.ts';

export class OwnCopies {
  readonly #run: string;
  readonly #layers: readonly number[];
  readonly #outbox: Outbox;
  readonly #works: WorkQueue;
  #step = 0;
  /** The layers that are not yet kept, the first being under way. */
  #left: readonly number[] = [];
  #reading: Work | undefined;

  constructor(run: string, layers: readonly number[], outbox: Outbox, works: WorkQueue) {
    this.#run = run;
    this.#layers = layers;
    this.#outbox = outbox;
    this.#works = works;
  }

  /** The layers are to be kept as they are after `step` steps: when the works given so far are done. */
  begin(step: number): void {
    this.#step = step;
    this.#left = this.#layers;
    this.#next();
  }

  get isDone(): boolean {
    return this.#left.length === 0;
  }

  /** A layer was read; false when not for a copy. */
  read(work: Work, payload: Payload): boolean {
    const [layer] = this.#left;
    if (work !== this.#reading || layer === undefined) return false;
    this.#reading = undefined;
    this.#outbox.add({ type: 'keep', run: this.#run, step: this.#step, layer, payload });
    return true;
  }

  /** A copy is kept; false when it is not of these. */
  kept(step: number, layer: number): boolean {
    if (step !== this.#step || layer !== this.#left[0] || this.#reading) return false;
    this.#left = this.#left.slice(1);
    this.#next();
    return true;
  }

  #next(): void {
    const [layer] = this.#left;
    if (layer === undefined) return;
    this.#reading = { kind: 'read', layer };
    this.#works.addUrgent(this.#reading);
  }
}
