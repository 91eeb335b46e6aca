// From when everyone has been told its seat until all can begin: everyone gets ready, those that are not
// as far as the master are brought there, and each is sent the samples that it lacks. When the group is
// formed anew meanwhile, another begins in its place.

import { layersKept } from '../model/training.ts';
import type { RingTraining } from '../model/training.ts';
import { masterId } from '../node.ts';
import type { NodeId, Payload, Work, WorkResult } from '../node.ts';
import type { MessageOf } from '../protocol/messages.ts';
import type { Outbox } from '../machine/outbox.ts';
import type { WorkQueue } from '../machine/work-queue.ts';
import type { Group } from '../data-parallel/group.ts';
import { Levelling } from '../data-parallel/levelling.ts';
import type { Shipping } from '../data-parallel/shipping.ts';

export interface GatheringParts {
  readonly training: RingTraining;
  readonly group: Group;
  readonly shipping: Shipping;
  readonly outbox: Outbox;
  readonly works: WorkQueue;
}

/** Where it begins from. */
export interface Beginning {
  /** Steps that are done. */
  readonly step: number;
  /** Even the master's own replica has to come from the checkpoint. */
  readonly isUnloaded: boolean;
  /** There was no group before. */
  readonly isFirst: boolean;
}

export class Gathering {
  readonly beginning: Beginning;
  readonly #parts: GatheringParts;
  /** Steps that the replica of each worker that is ready has been through. */
  readonly #steps = new Map<NodeId, number | undefined>();
  #levelling: Levelling | undefined;
  #isShipping = false;

  constructor(beginning: Beginning, parts: GatheringParts) {
    this.beginning = beginning;
    this.#parts = parts;
  }

  /** Everyone is as far as the master. */
  get isLevel(): boolean {
    return this.#levelling?.isDone ?? false;
  }

  get isDone(): boolean {
    return this.#isShipping && this.#parts.shipping.isDone;
  }

  /** A worker is ready, with a replica of so many steps. */
  ready(node: NodeId, { bytes, step }: MessageOf<'ready'>): void {
    this.#parts.group.ready(node, bytes);
    this.#steps.set(node, step);
  }

  /** Does what follows from what is known by now. */
  advance(): void {
    if (!this.#parts.group.isReady || this.#isShipping) return;
    this.#levelling ??= this.#level();
    if (this.#levelling.isDone) this.#ship();
  }

  #level(): Levelling {
    const { training, group, outbox, works } = this.#parts;
    const { step, isUnloaded } = this.beginning;
    const others = group.others.map(({ node }) => node);
    const layers = layersKept(training);
    if (isUnloaded) return new Levelling(layers, 'checkpoint', others, outbox, works);
    const behind = others.filter((node) => this.#steps.get(node) !== step);
    return new Levelling(layers, 'replica', behind, outbox, works);
  }

  #ship(): void {
    this.#isShipping = true;
    const { group, shipping, outbox } = this.#parts;
    const { step, isFirst } = this.beginning;
    if (isFirst && group.others.length > 0) outbox.report({ kind: 'shipping' });
    shipping.plan(
      group.members.map(({ node }) => (node === masterId ? undefined : node)),
      step,
    );
  }

  /** The end of a work of its own: `read`, `write` or `readSamples`. */
  computed(work: Work, { payload }: WorkResult): void {
    if (work.kind === 'readSamples') this.#parts.shipping.computed(work, payload!);
    else if (work.kind === 'read') this.#levelling?.read(work.layer, payload!);
    else this.#levelling?.written(work);
  }

  fetched(layer: number, payload: Payload): void {
    this.#levelling?.fetched(layer, payload);
  }

  /** False when it is not due. */
  loaded(from: NodeId, message: MessageOf<'loaded'>): boolean {
    return this.#levelling?.loaded(from, message) ?? false;
  }
}
