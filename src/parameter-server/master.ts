// The master of a run with a parameter server: it lets devices in (formation.ts), and then leads
// (lead.ts) from step to step and, where the course wants it, through a look at the test set or a
// checkpoint. It is itself the first worker, and what it looks at the test set with is its own replica.
// Without a worker the others go on; without a server all go back to the newest checkpoint.

import { RingError } from '../errors.ts';
import { masterId } from '../node.ts';
import type { Effect, Event, Message, Node, NodeId, Work, WorkResult } from '../node.ts';
import type { MessageOf } from '../protocol/messages.ts';
import { notDue } from '../machine/not-due.ts';
import { Boundary } from '../machine/boundary.ts';
import type { EndError, Told } from '../machine/boundary.ts';
import type { Course } from '../machine/course.ts';
import { Outbox } from '../machine/outbox.ts';
import { isOwnFault } from '../machine/own-faults.ts';
import { WorkQueue } from '../machine/work-queue.ts';
import type { FormationOptions } from './enrolment.ts';
import { Formation } from './formation.ts';
import { Post } from './post.ts';
import { Run } from './run.ts';
import type { Outcome, RunOptions } from './run.ts';

export interface MasterOptions extends FormationOptions, RunOptions {
  readonly course: Course;
  /** The store holds a checkpoint of so many steps, from which the run goes on. */
  readonly loadedStep?: number;
  /** What an earlier part of the same run has told already. */
  readonly told?: Told;
}

export class Master implements Node {
  readonly #options: MasterOptions;
  readonly #outbox = new Outbox();
  readonly #works = new WorkQueue(this.#outbox);
  readonly #post = new Post(masterId, this.#outbox);
  readonly #channels = { post: this.#post, outbox: this.#outbox, works: this.#works };
  readonly #formation: Formation;
  readonly #boundary: Boundary;
  /** Once everyone is ready and has its samples. */
  #run: Run | undefined;
  /** Answers of the store that nobody waits for any more. */
  #lateStored = 0;
  #over = false;

  constructor(options: MasterOptions) {
    this.#options = options;
    this.#formation = new Formation(options, this.#channels);
    this.#boundary = new Boundary(options.course, options.loadedStep, options.told);
  }

  receive(event: Event): readonly Effect[] {
    if (this.#over) return [];
    try {
      this.#take(event);
      this.#advance();
    } catch (error) {
      if (!(error instanceof RingError)) throw error;
      this.#end({ code: error.code, reason: error.message });
    }
    return this.#outbox.take();
  }

  #take(event: Event): void {
    switch (event.type) {
      case 'start':
        return this.#formation.group.isFull ? this.#form() : undefined;
      case 'message':
        return this.#message(event.from, event.generation, event.message);
      case 'computed':
        return this.#works.done(event.work) ? this.#computed(event.work, event.result) : undefined;
      case 'unlinked':
        return this.#lost(event.node, event.reason);
      case 'failed':
        // Of a device that is lost its link tells, and which one it is.
        if (event.code === 'NODE_LOST' && this.#run) return undefined;
        return this.#end({ code: event.code, reason: event.reason });
      case 'stored':
        return this.#stored();
      case 'fetched':
        return this.#formation.restoring?.fetched(event.layer, event.payload);
      case 'stop':
        return this.#stop();
      case 'save':
        return this.#boundary.saveIsDue();
      default:
        return undefined;
    }
  }

  #stored(): void {
    if (this.#lateStored > 0) this.#lateStored -= 1;
    else this.#run?.checkpoint?.stored();
  }

  #lost(node: NodeId, reason: string): void {
    const formation = this.#formation;
    if (formation.leave(node)) return;
    const name = formation.group.nameOf(node);
    const isServer = formation.roles!.servers.includes(node);
    formation.lose(node);
    // If it only lost a link, it must know that it is not waited for, and may join again.
    const message = `the others go on without this node: ${reason}`;
    this.#post.send(node, { type: 'failed', code: 'NODE_LOST', message });
    if (this.#run && !isServer) return this.#run.drop(node, reason);
    this.#outbox.report({ kind: 'lost', node, name, reason });
    // What was given out since the last checkpoint cannot be saved any more.
    if (this.#boundary.isEnding)
      return this.#end({ code: 'NODE_LOST', reason: `${name} is gone: ${reason}` });
    this.#form();
  }

  /** Lets go of all that is under way, and all who are here begin from the newest parameters that there are. */
  #form(): void {
    if (this.#run?.giveUp()) this.#lateStored += 1;
    this.#run = undefined;
    const { savedStep } = this.#boundary;
    const step = savedStep ?? 0;
    this.#boundary.backTo(step);
    this.#formation.form({ step, from: savedStep === undefined ? 'seed' : 'checkpoint' });
  }

  #failed(from: NodeId, { code, message, node }: MessageOf<'failed'>): void {
    if (node !== undefined) return this.#parted(from, node, message);
    if (isOwnFault(code)) return this.#lost(from, message);
    this.#end({ code, reason: `${this.#formation.group.nameOf(from)}: ${message}` });
  }

  /**
   * Two devices have lost each other. Of a worker and a server the worker is the one that can be spared,
   * and it is the server's word that counts: a server that is gone itself, its own link tells of.
   */
  #parted(from: NodeId, node: NodeId, reason: string): void {
    const servers = this.#formation.roles?.servers ?? [];
    if (servers.includes(from) || !servers.includes(node)) return this.#lost(node, reason);
    // They never found each other.
    if (!this.#run) this.#lost(from, reason);
  }

  #message(from: NodeId, generation: number, message: Message): void {
    if (message.type === 'join')
      return this.#formation.join(from, message) ? this.#form() : undefined;
    const { group, shipping } = this.#formation;
    if (!group.has(from)) return undefined;
    // These are true whatever happens meanwhile.
    const isTimeless =
      message.type === 'kept' || (message.type === 'failed' && message.node === undefined);
    if (generation !== this.#outbox.generation && !isTimeless) return undefined;
    switch (message.type) {
      case 'ready':
        return this.#formation.ready(from, message.bytes, this.#run?.lead);
      case 'kept':
        return shipping.kept(from);
      case 'loaded':
        if (!this.#formation.restoring?.loaded(from, message.layer)) throw notDue(from, message);
        return undefined;
      case 'failed':
        return this.#failed(from, message);
      default:
        if (this.#run?.take(from, message)) return undefined;
        if (!this.#formation.device?.take(from, message)) throw notDue(from, message);
    }
  }

  #computed(work: Work, result: WorkResult): void {
    switch (work.kind) {
      case 'readSamples':
        return this.#formation.shipping.computed(work, result.payload!);
      case 'assemble':
        return this.#run?.checkpoint?.assembled(work.layer, result.payload!);
      default:
        return this.#formation.device?.computed(work, result);
    }
  }

  /** Everything that follows from what is known by now. */
  #advance(): void {
    let outcome: Outcome | undefined;
    do {
      this.#proceed();
      this.#post.deliver((message) => {
        this.#message(masterId, this.#outbox.generation, message);
        this.#proceed();
      });
      outcome = this.#run?.betweenSteps();
      if (outcome?.kind === 'end') return this.#end(outcome.error);
    } while (outcome && !this.#over);
    if (this.#over) return;
    this.#works.fill(
      () => this.#formation.device?.nextWork(),
      () => this.#formation.device?.awaits ?? 'start',
    );
  }

  #proceed(): void {
    if (!this.#run && this.#formation.advance()) this.#begin();
    this.#run?.proceed();
    this.#formation.device?.advance();
  }

  #begin(): void {
    this.#formation.tellBeginning(this.#boundary.stepsTold);
    this.#run = new Run(this.#formation, this.#boundary, this.#options, this.#channels);
    this.#formation.admitWaiting();
  }

  /** The user wants the run to end: after the steps that were given, with everything saved. */
  #stop(): void {
    const error: EndError = { code: 'INTERRUPTED', reason: 'the run was stopped by its user' };
    if (this.#boundary.isEnding || !this.#run) return this.#end(error);
    this.#boundary.endWith(error);
  }

  #end(error?: EndError): void {
    if (this.#over) return;
    this.#over = true;
    for (const node of this.#formation.others)
      this.#outbox.send(
        node,
        error ? { type: 'failed', code: error.code, message: error.reason } : { type: 'end' },
      );
    this.#outbox.add(error ? { type: 'end', error } : { type: 'end' });
  }
}
