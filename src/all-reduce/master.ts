// The master of an all-reduce: it brings the group together (enrolment.ts), and then leads it (lead.ts)
// and takes part in every step as the first of its nodes (participant.ts).

import { RingError } from '../errors.ts';
import { masterId } from '../node.ts';
import type { Effect, Event, Message, Node, NodeId, Work, WorkResult } from '../node.ts';
import type { EndError } from '../machine/boundary.ts';
import { notDue } from '../machine/not-due.ts';
import { Outbox } from '../machine/outbox.ts';
import { WorkQueue } from '../machine/work-queue.ts';
import { Enrolment } from './enrolment.ts';
import type { EnrolmentOptions } from './enrolment.ts';
import { Lead } from './lead.ts';
import type { LeadOptions } from './lead.ts';
import { Participant } from './participant.ts';

export interface AllReduceOptions extends EnrolmentOptions, LeadOptions {}

/** Nothing ever re-forms: all frames are of one generation. */
const generation = 1;

export class AllReduceMaster implements Node {
  readonly #options: AllReduceOptions;
  readonly #outbox = new Outbox();
  readonly #works = new WorkQueue(this.#outbox);
  readonly #enrolment: Enrolment;
  /** Once the replica is prepared. */
  #participant: Participant | undefined;
  /** Once everyone is ready and has its samples. */
  #lead: Lead | undefined;
  #over = false;

  constructor(options: AllReduceOptions) {
    this.#options = options;
    this.#outbox.generation = generation;
    this.#enrolment = new Enrolment(options, this.#outbox, this.#works);
  }

  receive(event: Event): readonly Effect[] {
    if (this.#over) return [];
    try {
      this.#take(event);
      this.#advance();
    } catch (error) {
      if (!(error instanceof RingError)) throw error;
      this.#stop({ code: error.code, reason: error.message });
      this.#advance();
    }
    return this.#outbox.take();
  }

  #take(event: Event): void {
    switch (event.type) {
      case 'start':
        return this.#enrolment.start();
      case 'message':
        return this.#message(event.from, event.message);
      case 'computed':
        this.#works.done(event.work);
        return this.#computed(event.work, event.result);
      case 'sent':
        return this.#participant?.sent(event.message);
      case 'unlinked':
        return this.#unlinked(event.node, event.reason);
      case 'failed': {
        const { code, reason } = event;
        return code === 'NODE_LOST' ? this.#lost({ code, reason }) : this.#end({ code, reason });
      }
      case 'stored':
        return this.#lead?.settled();
      case 'stop':
        return this.#stop({ code: 'INTERRUPTED', reason: 'the run was stopped by its user' });
      case 'save':
        return this.#lead?.saveIsDue();
      default:
        return undefined;
    }
  }

  #message(from: NodeId, message: Message): void {
    const { group } = this.#enrolment;
    if (message.type === 'join') return this.#enrolment.join(from, message);
    if (!group.has(from)) return undefined;
    switch (message.type) {
      case 'ready':
        return this.#enrolment.ready(from, message.bytes);
      case 'kept':
        return this.#enrolment.samplesKept(from);
      case 'partOfLoss':
        return this.#lead?.told(from, message.step, message.loss);
      case 'reduce':
        if (from !== group.members.at(-1)!.node || !this.#participant?.take(message))
          throw notDue(from, message);
        return undefined;
      case 'failed': {
        const { code, node = from, message: reason } = message;
        return this.#lost({ code, reason: `${group.nameOf(node)}: ${reason}` });
      }
      default:
        throw notDue(from, message);
    }
  }

  #computed(work: Work, result: WorkResult): void {
    switch (work.kind) {
      case 'prepareReplica': {
        const { blocks, prepared } = result;
        const { seat } = this.#enrolment;
        this.#participant = new Participant(blocks!, work.rows, seat, this.#outbox, this.#works);
        return this.#enrolment.ready(masterId, prepared!.bytes);
      }
      case 'readSamples':
        return this.#enrolment.samplesRead(work, result.payload!);
      case 'replicaNorms':
        return this.#lead?.measured(result.squaredNorms!);
      case 'read':
        return this.#lead?.arrived(work.layer, result.payload!);
      case 'update':
        return undefined;
      default:
        return this.#participant?.computed(work, result);
    }
  }

  /** Everything that follows from what is known by now. */
  #advance(): void {
    if (this.#over) return;
    if (!this.#lead && this.#enrolment.isDone) this.#begin();
    const ending = this.#lead?.advance();
    if (ending) return this.#end(ending.error);
    this.#works.fill(
      () => this.#lead?.nextWork(),
      () => this.#participant?.idleCause ?? 'start',
    );
  }

  #begin(): void {
    this.#enrolment.report();
    this.#lead = new Lead(
      this.#options,
      this.#participant!,
      this.#workers,
      this.#outbox,
      this.#works,
    );
  }

  get #workers(): readonly NodeId[] {
    return this.#enrolment.group.others.map(({ node }) => node);
  }

  #unlinked(node: NodeId, reason: string): void {
    const { group } = this.#enrolment;
    if (!group.has(node)) return;
    if (!group.isFull) return group.leave(node);
    this.#lost({ code: 'NODE_LOST', reason: `${group.nameOf(node)} is gone: ${reason}` });
  }

  /** Without one node there is no sum; that it is gone may be told more than once. */
  #lost(error: EndError): void {
    if (!this.#lead?.isEnding) this.#stop(error);
  }

  /** Ends the run with everything saved that is committed; told twice, at once. */
  #stop(error: EndError): void {
    if (!this.#lead || this.#lead.isEnding) this.#end(error);
    else this.#lead.stop(error);
  }

  #end(error?: EndError): void {
    this.#over = true;
    for (const worker of this.#workers)
      this.#outbox.send(
        worker,
        error ? { type: 'failed', code: error.code, message: error.reason } : { type: 'end' },
      );
    this.#outbox.add(error ? { type: 'end', error } : { type: 'end' });
  }
}
