// The master of an all-reduce: it brings the group together (enrolment.ts), and then leads it (lead.ts)
// and takes part in every step as the first of its nodes (participant.ts). When somebody is lost the step
// that is under way is dropped, and who is left goes on from the one before.

import { RingError } from '../errors.ts';
import type { Effect, Event, Message, Node, NodeId, Work, WorkResult } from '../node.ts';
import { Boundary } from '../machine/boundary.ts';
import type { EndError, Told } from '../machine/boundary.ts';
import type { Course } from '../machine/course.ts';
import { notDue } from '../machine/not-due.ts';
import { Outbox } from '../machine/outbox.ts';
import { isOwnFault } from '../machine/own-faults.ts';
import { WorkQueue } from '../machine/work-queue.ts';
import type { MessageOf } from '../protocol/messages.ts';
import { Enrolment } from './enrolment.ts';
import type { EnrolmentOptions } from './enrolment.ts';
import { Lead } from './lead.ts';
import type { LeadOptions } from './lead.ts';

export interface AllReduceOptions extends EnrolmentOptions, LeadOptions {
  readonly course: Course;
  /** What an earlier part of the same run has told already. */
  readonly told?: Told;
}

export class AllReduceMaster implements Node {
  readonly #options: AllReduceOptions;
  readonly #outbox = new Outbox();
  readonly #works = new WorkQueue(this.#outbox);
  readonly #enrolment: Enrolment;
  readonly #boundary: Boundary;
  /** Once everyone is ready and has its samples; until the group forms anew. */
  #lead: Lead | undefined;
  #over = false;

  constructor(options: AllReduceOptions) {
    this.#options = options;
    this.#enrolment = new Enrolment(options, this.#outbox, this.#works);
    this.#boundary = new Boundary(options.course, options.loadedStep, options.told);
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
        return this.#enrolment.group.isFull ? this.#form() : undefined;
      case 'message':
        return this.#message(event.from, event.generation, event.message);
      case 'computed':
        return this.#works.done(event.work) ? this.#computed(event.work, event.result) : undefined;
      case 'sent':
        return this.#enrolment.participant?.sent(event.message);
      case 'unlinked':
        return this.#lost(event.node, event.reason);
      case 'failed':
        return this.#end({ code: event.code, reason: event.reason });
      case 'stored':
        return this.#lead?.settled();
      case 'fetched':
        return this.#enrolment.gathering?.fetched(event.layer, event.payload);
      case 'stop':
        return this.#stop({ code: 'INTERRUPTED', reason: 'the run was stopped by its user' });
      case 'save':
        return this.#boundary.saveIsDue();
      case 'linked':
      case 'kept':
      case 'recalled':
      case 'replicate':
        return undefined;
    }
  }

  #message(from: NodeId, generation: number, message: Message): void {
    const enrolment = this.#enrolment;
    if (message.type === 'join') return enrolment.join(from, message) ? this.#form() : undefined;
    if (!enrolment.group.has(from)) return undefined;
    // These are true of whatever group they were said in.
    if (message.type === 'kept') return enrolment.samplesKept(from);
    if (message.type === 'failed' && message.node === undefined) return this.#failed(from, message);
    if (generation !== this.#outbox.generation) return undefined;
    switch (message.type) {
      case 'ready':
        return enrolment.gathering?.ready(from, message);
      case 'loaded':
        if (!enrolment.gathering?.loaded(from, message)) throw notDue(from, message);
        return undefined;
      case 'partOfLoss':
        return this.#lead?.told(from, message.step, message.loss);
      case 'reduce':
        if (from !== enrolment.group.members.at(-1)!.node || !enrolment.participant?.take(message))
          throw notDue(from, message);
        return undefined;
      case 'failed':
        return this.#lost(message.node!, message.message);
      default:
        throw notDue(from, message);
    }
  }

  /** A worker cannot go on: the others do, if it is not for something that they would fail of as well. */
  #failed(from: NodeId, { code, message }: MessageOf<'failed'>): void {
    if (isOwnFault(code)) return this.#lost(from, message);
    const reason = `${this.#enrolment.group.nameOf(from)}: ${message}`;
    return this.#stop({ code, reason });
  }

  #computed(work: Work, result: WorkResult): void {
    switch (work.kind) {
      case 'prepareReplica':
        return this.#enrolment.prepared(work, result);
      case 'replicaNorms':
        return this.#lead?.measured(result.squaredNorms!);
      case 'read':
        if (this.#lead) return this.#lead.arrived(work.layer, result.payload!);
        return this.#enrolment.gathering?.computed(work, result);
      case 'write':
      case 'readSamples':
        return this.#enrolment.gathering?.computed(work, result);
      case 'update':
        return undefined;
      default:
        return this.#enrolment.participant?.computed(work, result);
    }
  }

  /** Everything that follows from what is known by now. */
  #advance(): void {
    if (this.#over) return;
    this.#enrolment.advance();
    if (!this.#lead && this.#enrolment.gathering?.isDone) {
      this.#enrolment.report(this.#boundary.stepsTold - this.#boundary.stepsDone);
      this.#begin();
    }
    const outcome = this.#lead?.advance();
    if (outcome?.kind === 'end') return this.#end(outcome.error);
    if (outcome?.kind === 'reform') {
      this.#form();
      return this.#advance();
    }
    this.#works.fill(
      () => this.#lead?.nextWork(),
      () => this.#enrolment.participant?.idleCause ?? 'start',
    );
  }

  #form(): void {
    this.#lead = undefined;
    this.#enrolment.form(this.#boundary.stepsDone);
  }

  #begin(): void {
    const enrolment = this.#enrolment;
    this.#lead = new Lead(this.#options, {
      participant: enrolment.participant!,
      workers: this.#workers,
      boundary: this.#boundary,
      hasChanged: () => enrolment.hasChanged,
      outbox: this.#outbox,
      works: this.#works,
    });
  }

  get #workers(): readonly NodeId[] {
    return this.#enrolment.group.others.map(({ node }) => node);
  }

  /** A worker is gone; that it is may be told more than once. */
  #lost(node: NodeId, reason: string): void {
    if (!this.#enrolment.leave(node, reason)) return;
    if (this.#lead) this.#lead.interrupt();
    else if (!this.#boundary.isEnding) this.#form();
  }

  /** Ends the run with everything saved that is committed; told twice, at once. */
  #stop(error: EndError): void {
    if (this.#boundary.isEnding || !this.#enrolment.isWhole) return this.#end(error);
    this.#boundary.endWith(error);
    if (this.#lead) this.#lead.stop();
    else {
      this.#works.giveUp();
      this.#begin();
    }
  }

  #end(error?: EndError): void {
    this.#over = true;
    for (const worker of [...this.#workers, ...this.#enrolment.newcomers])
      this.#outbox.send(
        worker,
        error ? { type: 'failed', code: error.code, message: error.reason } : { type: 'end' },
      );
    this.#outbox.add(error ? { type: 'end', error } : { type: 'end' });
  }
}
