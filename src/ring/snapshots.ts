// When the master has the ring copy its layers, and when such a snapshot counts. A step is complete when
// every layer of a worker is kept twice, or by the master, and every layer of the master by itself; then
// losing any one worker loses nothing. The last two complete steps stay.

import type { Outbox } from '../machine/outbox.ts';
import { masterId } from '../node.ts';
import type { NodeId } from '../node.ts';
import type { Formation } from './formation.ts';
import type { Holdings } from './holdings.ts';

export interface SnapshotOptions {
  /** The run's id, by which nodes keep copies of layers; without one, losing a node ends the run. */
  readonly run?: string;
  /** A snapshot at least every so many steps, besides those that `replicate` events ask for. */
  readonly replicateEvery?: number;
  /** Layers that have parameters. */
  readonly layersWithParameters: readonly number[];
}

export class Snapshots {
  readonly #options: SnapshotOptions;
  readonly #holdings: Holdings;
  readonly #outbox: Outbox;
  #isDue = false;
  /** The step that is being copied, and its layers that are not kept often enough. */
  #pending: { readonly step: number; readonly missing: Set<number> } | undefined;
  /** The last step that was copied, and the last that was complete. */
  #taken = 0;
  #complete: number | undefined;

  constructor(options: SnapshotOptions, holdings: Holdings, outbox: Outbox) {
    this.#options = options;
    this.#holdings = holdings;
    this.#outbox = outbox;
  }

  /** The next commit is to be one. */
  due(): void {
    this.#isDue = true;
  }

  /**
   * The ring is given up, and with it the step that is being copied: completed later, it would drop steps
   * that layers may just be coming from.
   */
  giveUp(): void {
    this.#pending = undefined;
  }

  /** The ring formed anew after `step` steps: copies are made as soon as there is something new. */
  reformed(step: number): void {
    this.#holdings.goBackTo(step);
    this.#taken = step;
    this.#isDue = true;
  }

  /** Whether the layers are to be copied as they are after `step` steps. */
  wants(step: number, { workers, newcomers }: Formation): boolean {
    if (this.#options.run === undefined) return false;
    if (newcomers.length > 0) return true;
    if (this.#pending || workers.length === 0) return false;
    return this.#isDue || step - this.#taken >= (this.#options.replicateEvery ?? Infinity);
  }

  begin(step: number): void {
    this.#isDue = false;
    this.#taken = step;
    this.#pending = { step, missing: new Set(this.#options.layersWithParameters) };
  }

  /** A node keeps a copy. */
  kept(node: NodeId, step: number, layer: number, formation: Formation): void {
    this.#holdings.add(node, step, layer);
    if (step !== this.#pending?.step) return;
    const { missing } = this.#pending;
    if (this.#isSafe(step, layer, formation)) missing.delete(layer);
    if (missing.size === 0) this.#completed(step, formation);
  }

  /** A copy is missing after all: the step will not be complete. */
  absent(node: NodeId, step: number, layer: number): void {
    this.#holdings.strike(node, step, layer);
    if (step === this.#pending?.step) this.#pending = undefined;
  }

  #isSafe(step: number, layer: number, formation: Formation): boolean {
    if (this.#holdings.has(masterId, step, layer)) return true;
    return formation.holderOf(layer) !== masterId && this.#holdings.count(step, layer) > 1;
  }

  #completed(step: number, { workers }: Formation): void {
    const before = this.#complete;
    this.#complete = step;
    this.#pending = undefined;
    // After a re-forming it may lie ahead: it will be done again.
    if (before === undefined || before >= step) return;
    this.#holdings.dropBefore(before);
    for (const { node } of workers) this.#outbox.send(node, { type: 'retain', from: before });
    this.#outbox.add({ type: 'drop', run: this.#options.run!, before });
  }
}
