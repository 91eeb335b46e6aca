// Who is in the group of an all-reduce, and who sits where: decided by its master when it forms, and
// whenever somebody is lost or comes later. Since every node holds the whole model, and none is ever
// ahead of the master, no step that is done is lost.

import type { RingTraining } from '../model/training.ts';
import { masterId } from '../node.ts';
import type { Block, NodeId, NodeReport, Report, Work, WorkResult } from '../node.ts';
import type { MessageOf } from '../protocol/messages.ts';
import type { Outbox } from '../machine/outbox.ts';
import type { WorkQueue } from '../machine/work-queue.ts';
import { Group } from '../data-parallel/group.ts';
import type { Capabilities } from '../data-parallel/group.ts';
import { sharePartsOf } from '../data-parallel/share.ts';
import { Shipping } from '../data-parallel/shipping.ts';
import type { Data } from '../data-parallel/shipping.ts';
import { Gathering } from './gathering.ts';
import { Participant } from './participant.ts';

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
  #hasFormed = false;
  /** Why the group forms anew; undefined the first time. */
  #cause: Cause | undefined;
  /** The master's replica is as it was after the last step that is done. */
  #isLoaded: boolean;
  gathering: Gathering | undefined;
  /** Once the replica is prepared: the master's part in the steps of this group. */
  participant: Participant | undefined;

  constructor(options: EnrolmentOptions, outbox: Outbox, works: WorkQueue) {
    this.group = new Group(options.capabilities, options.workers + 1);
    this.#options = options;
    this.#outbox = outbox;
    this.#works = works;
    this.#shipping = new Shipping(options.data, outbox, works);
    this.#isLoaded = options.loadedStep === undefined;
  }

  /** Somebody is lost, or has come, since the group was formed. */
  get hasChanged(): boolean {
    return this.#isShort || this.#newcomers.size > 0;
  }

  get newcomers(): readonly NodeId[] {
    return [...this.#newcomers.keys()];
  }

  /** There is something to save. */
  get isWhole(): boolean {
    return this.#replica !== undefined && this.#isLoaded;
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
    this.#outbox.generation += 1;
    this.#works.giveUp();
    this.#shipping.giveUp();
    group.formAnew();
    const beginning = { step, isUnloaded: !this.#isLoaded, isFirst: !this.#cause };
    const { training } = this.#options;
    const channels = { outbox: this.#outbox, works: this.#works };
    this.gathering = new Gathering(beginning, {
      training,
      group,
      shipping: this.#shipping,
      ...channels,
    });
    this.#enrol(step);
    if (this.#replica) this.#sit(this.#replica, step);
  }

  #enrol(step: number): void {
    const { training } = this.#options;
    const { batch, microbatches } = training.resolved;
    const { members, others } = this.group;
    const parts = sharePartsOf(batch, microbatches, members.length);
    const group = members.map(({ node, address }) => ({ node, address }));
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
    this.#sit(this.#replica, this.gathering!.beginning.step);
  }

  #sit({ blocks, rows, bytes }: Replica, step: number): void {
    const { members } = this.group;
    const clockwise = members[1 % members.length]!.node;
    const seat = { index: 0, nodes: members.length, clockwise };
    this.participant = new Participant(blocks, rows, seat, step, this.#outbox, this.#works);
    this.group.ready(masterId, bytes);
  }

  samplesKept(node: NodeId): void {
    this.#shipping.kept(node);
  }

  /** Does what follows from what is known by now. */
  advance(): void {
    if (!this.#hasFormed && this.group.isReady) {
      this.#hasFormed = true;
      this.#outbox.report({ kind: 'formed', nodes: this.#report() });
    }
    this.gathering?.advance();
    this.#isLoaded ||= this.gathering?.isLevel ?? false;
  }

  /** Says that all can begin: the first time with what was shipped, later with what has to be done again. */
  report(replay: number): void {
    const { samples, bytes } = this.#shipping;
    const cause = this.#cause;
    if (cause) {
      const { step } = this.gathering!.beginning;
      this.#outbox.report({ kind: 'reformed', nodes: this.#report(), step, replay, cause });
    } else if (samples > 0) this.#outbox.report({ kind: 'shipped', samples, bytes });
  }

  #report(): readonly NodeReport[] {
    return this.group.report(this.#options.training.resolved.layers.length);
  }
}
