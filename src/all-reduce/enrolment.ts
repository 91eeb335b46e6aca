// How the master of an all-reduce brings its group together, at the beginning and whenever somebody is
// lost or comes later: it tells each its seat, and when all are ready those that are not as far as the
// master are brought there, and each is sent the samples that it lacks. Since every node holds the whole
// model, and the master is never behind, no step that is done is ever lost.

import { layersKept } from '../model/training.ts';
import type { RingTraining } from '../model/training.ts';
import { masterId } from '../node.ts';
import type { Block, NodeId, Report, Work, WorkResult } from '../node.ts';
import type { MessageOf } from '../protocol/messages.ts';
import type { Outbox } from '../machine/outbox.ts';
import type { WorkQueue } from '../machine/work-queue.ts';
import { Group } from '../data-parallel/group.ts';
import type { Capabilities } from '../data-parallel/group.ts';
import { Levelling } from '../data-parallel/levelling.ts';
import { sharePartsOf } from '../data-parallel/share.ts';
import { Shipping } from '../data-parallel/shipping.ts';
import type { Data } from '../data-parallel/shipping.ts';
import { Participant } from './participant.ts';
import type { Seat } from './ring-reduce.ts';

export interface EnrolmentOptions {
  /** As it is sent to workers. */
  readonly training: RingTraining;
  /** Workers besides the master. */
  readonly workers: number;
  readonly capabilities: Capabilities;
  readonly data: Data;
  /** The store holds a checkpoint of so many steps, from which the run goes on. */
  readonly loadedStep?: number;
}

type Cause = Extract<Report, { kind: 'reformed' }>['cause'];

/** The master's own replica. */
interface Replica {
  readonly blocks: readonly Block[];
  /** Of a full microbatch. */
  readonly rows: number;
  readonly bytes: number;
}

export class Enrolment {
  readonly group: Group;
  readonly #options: EnrolmentOptions;
  readonly #outbox: Outbox;
  readonly #works: WorkQueue;
  readonly #shipping: Shipping;
  /** They came when the group was formed, and are taken in when it forms anew. */
  readonly #newcomers = new Map<NodeId, MessageOf<'join'>>();
  #isShort = false;
  #replica: Replica | undefined;
  /** The master's own replica is still to be loaded from the checkpoint. */
  #isUnloaded: boolean;
  #hasFormed = false;
  /** Why the group forms anew; undefined the first time. */
  #cause: Cause | undefined;
  /** Steps that are done where it forms, and at each worker that is ready. */
  #step = 0;
  readonly #steps = new Map<NodeId, number | undefined>();
  #levelling: Levelling | undefined;
  #isShipping = false;
  /** Once the replica is prepared: the master's part in the steps of this group. */
  participant: Participant | undefined;

  constructor(options: EnrolmentOptions, outbox: Outbox, works: WorkQueue) {
    this.group = new Group(options.capabilities, options.workers + 1);
    this.#options = options;
    this.#outbox = outbox;
    this.#works = works;
    this.#shipping = new Shipping(options.data, outbox, works);
    this.#isUnloaded = options.loadedStep !== undefined;
  }

  /** Everyone is ready, as far as the master, and has its samples. */
  get isDone(): boolean {
    return this.#isShipping && this.#shipping.isDone;
  }

  /** Somebody is lost, or has come, since the group was formed. */
  get hasChanged(): boolean {
    return this.#isShort || this.#newcomers.size > 0;
  }

  get newcomers(): readonly NodeId[] {
    return [...this.#newcomers.keys()];
  }

  /** The master's replica is as it was after the last step that is done. */
  get isWhole(): boolean {
    return this.#replica !== undefined && !this.#isUnloaded;
  }

  /** Lets a device in; true when the group is to be formed with it. */
  join(from: NodeId, message: MessageOf<'join'>): boolean {
    const { group } = this;
    const { workers, training } = this.#options;
    const wasFull = group.isFull;
    if (wasFull) {
      const { batch } = training.resolved;
      if (group.members.length + this.#newcomers.size >= batch) {
        const reason = `a batch has ${batch} samples, and as many nodes share it already: ask for a larger batch and start again`;
        this.#outbox.send(from, { type: 'failed', code: 'TOO_MANY_NODES', message: reason });
        return false;
      }
      this.#newcomers.set(from, message);
    } else group.join(from, message);
    const joined = group.others.length + this.#newcomers.size;
    const wanted = Math.max(joined, workers);
    this.#outbox.report({ kind: 'joined', node: from, name: message.name, joined, wanted });
    return !wasFull && group.isFull;
  }

  /** A node is gone; true when the group misses it. */
  leave(node: NodeId, reason: string): boolean {
    const { group } = this;
    if (this.#newcomers.delete(node) || !group.has(node)) return false;
    if (!group.isFull) {
      group.leave(node);
      return false;
    }
    this.#outbox.report({ kind: 'lost', node, name: group.nameOf(node), reason });
    group.lose(node);
    this.#shipping.drop(node);
    this.#isShort = true;
    // If it can still hear, it may join again.
    const message = `the others go on without this node: ${reason}`;
    this.#outbox.send(node, { type: 'failed', code: 'NODE_LOST', message });
    return true;
  }

  /** Everyone who is here now takes a seat, from where so many steps are done. */
  form(step: number): void {
    const { group } = this;
    for (const [node, message] of this.#newcomers) group.admit(node, message);
    if (this.#hasFormed) this.#cause = this.#isShort ? 'lost' : 'joined';
    this.#newcomers.clear();
    this.#isShort = false;
    this.#step = step;
    this.#steps.clear();
    this.#levelling = undefined;
    this.#isShipping = false;
    this.#outbox.generation += 1;
    this.#works.giveUp();
    this.#shipping.giveUp();
    group.formAnew();
    this.#enrol();
    if (this.#replica) this.#sit(this.#replica);
  }

  #enrol(): void {
    const { training } = this.#options;
    const { batch, microbatches } = training.resolved;
    const { members, others } = this.group;
    const parts = sharePartsOf(batch, microbatches, members.length);
    const group = members.map(({ node, address }) => ({ node, address }));
    const step = this.#step;
    for (const [place, { node }] of others.entries()) {
      const index = place + 1;
      this.#outbox.send(node, { type: 'enrol', node, group, index, step, training, ...parts });
    }
    if (this.#outbox.generation === 1)
      this.#works.giveAtOnce({ kind: 'prepareReplica', training, ...parts });
  }

  /** The master's replica is prepared. */
  prepared({ rows }: Extract<Work, { kind: 'prepareReplica' }>, result: WorkResult): void {
    this.#replica = { blocks: result.blocks!, rows, bytes: result.prepared!.bytes };
    this.#sit(this.#replica);
  }

  #sit({ blocks, rows, bytes }: Replica): void {
    const { members } = this.group;
    this.group.ready(masterId, bytes);
    const clockwise = members[1 % members.length]!.node;
    const seat: Seat = { index: 0, nodes: members.length, clockwise };
    this.participant = new Participant(blocks, rows, seat, this.#step, this.#outbox, this.#works);
  }

  /** A worker is ready, with a replica of so many steps. */
  ready(node: NodeId, { bytes, step }: MessageOf<'ready'>): void {
    this.group.ready(node, bytes);
    this.#steps.set(node, step);
  }

  /** What follows from what is known by now. */
  advance(): void {
    if (!this.participant || !this.group.isReady || this.isDone) return;
    this.#levelling ??= this.#level();
    if (!this.#levelling.isDone || this.#isShipping) return;
    this.#isUnloaded = false;
    this.#ship();
  }

  #level(): Levelling {
    const { training } = this.#options;
    const others = this.group.others.map(({ node }) => node);
    if (!this.#hasFormed) this.#outbox.report({ kind: 'formed', nodes: this.#report() });
    this.#hasFormed = true;
    const layers = layersKept(training);
    if (this.#isUnloaded)
      return new Levelling(layers, 'checkpoint', others, this.#outbox, this.#works);
    const behind = others.filter((node) => this.#steps.get(node) !== this.#step);
    return new Levelling(layers, 'replica', behind, this.#outbox, this.#works);
  }

  #ship(): void {
    this.#isShipping = true;
    const { members, others } = this.group;
    if (others.length > 0 && !this.#cause) this.#outbox.report({ kind: 'shipping' });
    this.#shipping.plan(
      members.map(({ node }) => (node === masterId ? undefined : node)),
      this.#step,
    );
  }

  /** The end of a work of a forming; of `read`, `write` and `readSamples`. */
  computed(work: Work, { payload }: WorkResult): void {
    if (work.kind === 'readSamples') this.#shipping.computed(work, payload!);
    else if (work.kind === 'read') this.#levelling?.read(work.layer, payload!);
    else this.#levelling?.written(work);
  }

  fetched(layer: number, payload: NonNullable<WorkResult['payload']>): void {
    this.#levelling?.fetched(layer, payload);
  }

  /** False when it is not due. */
  loaded(from: NodeId, message: MessageOf<'loaded'>): boolean {
    return this.#levelling?.loaded(from, message) ?? false;
  }

  samplesKept(node: NodeId): void {
    this.#shipping.kept(node);
  }

  /** Says that all can begin: the first time with what was shipped, later with what has to be done again. */
  report(replay: number): void {
    const { samples, bytes } = this.#shipping;
    const cause = this.#cause;
    if (cause)
      this.#outbox.report({
        kind: 'reformed',
        nodes: this.#report(),
        step: this.#step,
        replay,
        cause,
      });
    else if (samples > 0) this.#outbox.report({ kind: 'shipped', samples, bytes });
  }

  #report() {
    return this.group.report(this.#options.training.resolved.layers.length);
  }
}
