// A worker of an all-reduce: it holds the whole model, computes its share of every batch, and changes
// its parameters when the master says that the step is done. All nodes' parameters are always the same.
// When the group forms anew it keeps its replica and takes another seat.

import { masterId } from '../node.ts';
import type { Block, Effect, Event, Message, Node, NodeId, Work, WorkResult } from '../node.ts';
import type { MessageOf } from '../protocol/messages.ts';
import { Outbox } from '../machine/outbox.ts';
import { WorkQueue } from '../machine/work-queue.ts';
import { Joined } from '../machine/joined.ts';
import { notDue } from '../machine/not-due.ts';
import { Participant } from './participant.ts';

/** What is prepared once, whichever groups it is part of. */
interface Replica {
  readonly blocks: readonly Block[];
  /** Of a full microbatch. */
  readonly rows: number;
  readonly bytes: number;
}

export class AllReduceWorker implements Node {
  readonly #outbox = new Outbox();
  readonly #works = new WorkQueue(this.#outbox);
  readonly #joined: Joined;
  #enrolment: MessageOf<'enrol'> | undefined;
  #isPreparing = false;
  #replica: Replica | undefined;
  /** How many steps the replica has been through; unknown while its layers are being replaced. */
  #done: number | undefined = 0;
  /** Once there is a replica. */
  #participant: Participant | undefined;
  #readySent = false;
  /** The master is done with a step first: its word to update, and the next step, wait until this node is too. */
  #commit: MessageOf<'commit'> | undefined;
  #begin: MessageOf<'begin'> | undefined;
  /** There is no step under way. */
  #isCommitted = true;
  /** Its part of the loss of the step under way has still to be told. */
  #owesLoss = false;

  /** `join` says what this device is and can do. */
  constructor(join: MessageOf<'join'>) {
    this.#joined = new Joined(join, this.#outbox, {
      message: (from, generation, message) => this.#message(from, generation, message),
      computed: (work, result) => this.#computed(work, result),
      sent: (message) => this.#participant?.sent(message),
      unlinked: (node, reason) => this.#unlinked(node, reason),
      advance: () => this.#advance(),
    });
  }

  receive(event: Event): readonly Effect[] {
    return this.#joined.receive(event);
  }

  #message(from: NodeId, generation: number, message: Message): void {
    if (message.type === 'enrol') return this.#enrolled(from, generation, message);
    // Samples are what they are in every group.
    if (message.type === 'samples' && from === masterId)
      return this.#works.giveAtOnce({ kind: 'keepSamples', payload: message.payload });
    if (generation !== this.#outbox.generation) return undefined;
    if (message.type === 'reduce') {
      if (from === this.#neighbours?.anticlockwise && this.#participant?.take(message)) return;
      throw notDue(from, message);
    }
    if (from !== masterId) throw notDue(from, message);
    switch (message.type) {
      case 'load': {
        const { layer, payload } = message;
        this.#done = undefined;
        return this.#works.addUrgent({ kind: 'write', layer, payload });
      }
      case 'begin':
        if (!this.#participant || this.#begin) throw notDue(from, message);
        this.#begin = message;
        return undefined;
      case 'commit':
        if (this.#commit || message.step !== this.#participant?.step) throw notDue(from, message);
        this.#commit = message;
        return undefined;
      default:
        throw notDue(from, message);
    }
  }

  get #neighbours(): { readonly clockwise: NodeId; readonly anticlockwise: NodeId } | undefined {
    if (!this.#enrolment) return undefined;
    const { group, index } = this.#enrolment;
    return {
      clockwise: group[(index + 1) % group.length]!.node,
      anticlockwise: group[index - 1]!.node,
    };
  }

  #enrolled(from: NodeId, generation: number, message: MessageOf<'enrol'>): void {
    const { node: self, group, index, rows, microbatches, training } = message;
    const isNewer = generation > this.#outbox.generation;
    if (from !== masterId || !isNewer || !(index > 0 && index < group.length))
      throw notDue(from, message);
    this.#enrolment = message;
    this.#outbox.generation = generation;
    this.#works.giveUp();
    this.#commit = undefined;
    this.#begin = undefined;
    this.#isCommitted = true;
    this.#owesLoss = false;
    this.#readySent = false;
    this.#participant = undefined;
    if (this.#replica) this.#sit(this.#replica, message);
    else if (!this.#isPreparing) {
      this.#isPreparing = true;
      this.#works.giveAtOnce({ kind: 'prepareReplica', training, rows, microbatches });
    }
    const clockwise = group[index + 1];
    if (clockwise && !this.#joined.isLinkedTo([clockwise.node]))
      this.#outbox.add({ type: 'connect', ...clockwise, self, generation });
  }

  #sit({ blocks, rows }: Replica, { group, index, step }: MessageOf<'enrol'>): void {
    const { clockwise } = this.#neighbours!;
    const seat = { index, nodes: group.length, clockwise };
    this.#participant = new Participant(blocks, rows, seat, step, this.#outbox, this.#works);
  }

  #unlinked(node: NodeId, reason: string): void {
    const { clockwise, anticlockwise } = this.#neighbours ?? {};
    if (node !== clockwise && node !== anticlockwise) return undefined;
    // Whether it is gone, and what is to be done, is the master's to say.
    return this.#outbox.send(masterId, {
      type: 'failed',
      code: 'NODE_LOST',
      message: reason,
      node,
    });
  }

  #computed(work: Work, result: WorkResult): void {
    if (!this.#works.done(work)) return undefined;
    switch (work.kind) {
      case 'prepareReplica': {
        const { bytes } = result.prepared!;
        this.#replica = { blocks: result.blocks!, rows: work.rows, bytes };
        return this.#sit(this.#replica, this.#enrolment!);
      }
      case 'write':
        return this.#outbox.send(masterId, { type: 'loaded', layer: work.layer });
      case 'keepSamples':
        return this.#outbox.send(masterId, { type: 'kept' });
      case 'update':
        return undefined;
      default:
        return this.#participant?.computed(work, result);
    }
  }

  /** Everything that follows from what is known by now. */
  #advance(): void {
    this.#sayReady();
    const participant = this.#participant;
    if (participant?.isComputed && this.#owesLoss) {
      const { step, loss } = participant;
      this.#owesLoss = false;
      const told = Number.isFinite(loss) ? loss : null;
      this.#outbox.send(masterId, { type: 'partOfLoss', step, loss: told });
    }
    if (participant?.isReduced) this.#goOn(participant);
    this.#works.fill(
      () => this.#participant?.nextWork(),
      () => this.#participant?.idleCause ?? 'start',
    );
  }

  /** From a step that is reduced, by the master's word, to its update, and on to the next. */
  #goOn(participant: Participant): void {
    if (this.#commit) {
      const { step, scalars } = this.#commit;
      this.#commit = undefined;
      this.#isCommitted = true;
      // What the master is told of this replica is true whatever happens next.
      this.#works.giveAtOnce({ kind: 'update', scalars });
      this.#done = step + 1;
      this.#outbox.add({ type: 'committed', step: step + 1 });
    }
    if (!this.#begin || !this.#isCommitted) return;
    const { step, rows } = this.#begin;
    this.#begin = undefined;
    this.#isCommitted = false;
    this.#owesLoss = true;
    this.#done = step;
    participant.begin(step, rows);
  }

  #sayReady(): void {
    if (this.#readySent || !this.#participant) return;
    const { clockwise, anticlockwise } = this.#neighbours!;
    if (!this.#joined.isLinkedTo([clockwise, anticlockwise])) return;
    this.#readySent = true;
    const { bytes } = this.#replica!;
    const step = this.#done;
    this.#outbox.send(masterId, { type: 'ready', bytes, ...(step !== undefined && { step }) });
  }
}
