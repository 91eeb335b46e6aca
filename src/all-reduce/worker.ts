// A worker of an all-reduce: it holds the whole model, computes its share of every batch, and changes
// its parameters when the master says that the step is done. All nodes' parameters are always the same.

import { masterId } from '../node.ts';
import type { Effect, Event, Message, Node, NodeId, Work, WorkResult } from '../node.ts';
import type { MessageOf } from '../protocol/messages.ts';
import { Outbox } from '../machine/outbox.ts';
import { WorkQueue } from '../machine/work-queue.ts';
import { Joined } from '../machine/joined.ts';
import { notDue } from '../machine/not-due.ts';
import { Participant } from './participant.ts';

export class AllReduceWorker implements Node {
  readonly #outbox = new Outbox();
  readonly #works = new WorkQueue(this.#outbox);
  readonly #joined: Joined;
  #enrolment: MessageOf<'enrol'> | undefined;
  /** Once it is prepared; and the bytes that it takes. */
  #participant: Participant | undefined;
  #bytes = 0;
  #readySent = false;
  /** The master is done with a step first: its word to update, and the next step, wait until this node is too. */
  #commit: MessageOf<'commit'> | undefined;
  #begin: MessageOf<'begin'> | undefined;
  /** There is no step under way. */
  #isCommitted = true;
  /** The last step whose part of the loss was told. */
  #toldStep = -1;

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
    if (message.type === 'reduce') {
      if (from === this.#neighbours?.anticlockwise && this.#participant?.take(message)) return;
      throw notDue(from, message);
    }
    if (from !== masterId) throw notDue(from, message);
    switch (message.type) {
      case 'enrol':
        return this.#enrolled(generation, message);
      case 'samples':
        return this.#works.addUrgent({ kind: 'keepSamples', payload: message.payload });
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

  #enrolled(generation: number, message: MessageOf<'enrol'>): void {
    const { node: self, group, index, rows, microbatches, training } = message;
    if (this.#enrolment || !(index > 0 && index < group.length)) throw notDue(masterId, message);
    this.#enrolment = message;
    this.#outbox.generation = generation;
    this.#works.addUrgent({ kind: 'prepareReplica', training, rows, microbatches });
    const clockwise = group[index + 1];
    if (clockwise) this.#outbox.add({ type: 'connect', ...clockwise, self, generation });
  }

  #unlinked(node: NodeId, reason: string): void {
    const { clockwise, anticlockwise } = this.#neighbours ?? {};
    if (node !== clockwise && node !== anticlockwise) return undefined;
    const message = `lost the link to ${node}: ${reason}`;
    this.#outbox.send(masterId, { type: 'failed', code: 'NODE_LOST', message, node });
    return this.#joined.end({ code: 'NODE_LOST', reason: message });
  }

  #computed(work: Work, result: WorkResult): void {
    this.#works.done(work);
    switch (work.kind) {
      case 'prepareReplica': {
        const { group, index } = this.#enrolment!;
        const { clockwise } = this.#neighbours!;
        const seat = { index, nodes: group.length, clockwise };
        this.#bytes = result.prepared!.bytes;
        this.#participant = new Participant(
          result.blocks!,
          work.rows,
          seat,
          this.#outbox,
          this.#works,
        );
        return undefined;
      }
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
    if (participant?.isComputed && participant.step > this.#toldStep) {
      const { step, loss } = participant;
      this.#toldStep = step;
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
      this.#works.addUrgent({ kind: 'update', scalars });
      this.#outbox.add({ type: 'committed', step: step + 1 });
    }
    if (!this.#begin || !this.#isCommitted) return;
    const { step, rows } = this.#begin;
    this.#begin = undefined;
    this.#isCommitted = false;
    participant.begin(step, rows);
  }

  #sayReady(): void {
    if (this.#readySent || !this.#participant) return;
    const { clockwise, anticlockwise } = this.#neighbours!;
    if (!this.#joined.isLinkedTo([clockwise, anticlockwise])) return;
    this.#readySent = true;
    this.#outbox.send(masterId, { type: 'ready', bytes: this.#bytes });
  }
}
