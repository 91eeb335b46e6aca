// How the master of an all-reduce brings its group together: it lets workers in, tells each its seat,
// and when all are ready ships the samples that each needs.

import type { RingTraining } from '../model/training.ts';
import { masterId } from '../node.ts';
import type { NodeId, Payload, Work } from '../node.ts';
import type { MessageOf } from '../protocol/messages.ts';
import type { Outbox } from '../machine/outbox.ts';
import type { WorkQueue } from '../machine/work-queue.ts';
import { Group } from '../data-parallel/group.ts';
import type { Capabilities } from '../data-parallel/group.ts';
import { sharePartsOf } from '../data-parallel/share.ts';
import { Shipping } from '../data-parallel/shipping.ts';
import type { Data } from '../data-parallel/shipping.ts';
import type { Seat } from './ring-reduce.ts';

export interface EnrolmentOptions {
  /** As it is sent to workers. */
  readonly training: RingTraining;
  /** Workers besides the master. */
  readonly workers: number;
  readonly capabilities: Capabilities;
  readonly data: Data;
}

export class Enrolment {
  readonly group: Group;
  readonly #options: EnrolmentOptions;
  readonly #outbox: Outbox;
  readonly #works: WorkQueue;
  readonly #shipping: Shipping;
  #formed = false;

  constructor(options: EnrolmentOptions, outbox: Outbox, works: WorkQueue) {
    this.group = new Group(options.capabilities, options.workers + 1);
    this.#options = options;
    this.#outbox = outbox;
    this.#works = works;
    this.#shipping = new Shipping(options.data, outbox, works);
  }

  /** The master's, when all have joined. */
  get seat(): Seat {
    const { members } = this.group;
    return { index: 0, nodes: members.length, clockwise: members[1 % members.length]!.node };
  }

  /** Everyone is ready and has its samples. */
  get isDone(): boolean {
    return this.#formed && this.#shipping.isDone;
  }

  /** A master alone has no one to wait for. */
  start(): void {
    if (this.group.isFull) this.#form();
  }

  join(from: NodeId, message: MessageOf<'join'>): void {
    if (this.group.isFull) {
      const reason = 'the run already has all its nodes: ask for more of them and start again';
      return this.#outbox.send(from, { type: 'failed', code: 'TOO_MANY_NODES', message: reason });
    }
    this.group.join(from, message);
    const [joined, wanted] = [this.group.others.length, this.#options.workers];
    this.#outbox.report({ kind: 'joined', node: from, name: message.name, joined, wanted });
    if (this.group.isFull) this.#form();
  }

  #form(): void {
    const { training } = this.#options;
    const { batch, microbatches } = training.resolved;
    const { members, others } = this.group;
    const parts = sharePartsOf(batch, microbatches, members.length);
    const group = members.map(({ node, address }) => ({ node, address }));
    for (const [place, { node }] of others.entries()) {
      const index = place + 1;
      this.#outbox.send(node, { type: 'enrol', node, group, index, training, ...parts });
    }
    this.#works.addUrgent({ kind: 'prepareReplica', training, ...parts });
  }

  /** A node is prepared; when all are, the samples go out. */
  ready(node: NodeId, bytes: number): void {
    this.group.ready(node, bytes);
    if (!this.group.isReady || this.#formed) return;
    this.#formed = true;
    const { layers } = this.#options.training.resolved;
    this.#outbox.report({ kind: 'formed', nodes: this.group.report(layers.length) });
    if (this.group.others.length === 0) return;
    this.#outbox.report({ kind: 'shipping' });
    this.#shipping.plan(
      this.group.members.map(({ node: to }) => (to === masterId ? undefined : to)),
    );
  }

  samplesRead(work: Extract<Work, { kind: 'readSamples' }>, payload: Payload): void {
    this.#shipping.computed(work, payload);
  }

  samplesKept(node: NodeId): void {
    this.#shipping.kept(node);
  }

  /** What was shipped, for whoever wants to know. */
  report(): void {
    const { samples, bytes } = this.#shipping;
    if (samples > 0) this.#outbox.report({ kind: 'shipped', samples, bytes });
  }
}
