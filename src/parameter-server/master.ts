// The master of a run with a parameter server: it lets devices in (formation.ts), and then leads
// (lead.ts) from step to step and, where the course wants it, through a look at the test set or a
// checkpoint. It is itself the first worker, and what it looks at the test set with is its own replica.

import { RingError } from '../errors.ts';
import { masterId } from '../node.ts';
import type { Effect, Event, Message, Node, NodeId, Work, WorkResult } from '../node.ts';
import type { MessageOf } from '../protocol/messages.ts';
import { notDue } from '../machine/not-due.ts';
import { Boundary } from '../machine/boundary.ts';
import type { EndError } from '../machine/boundary.ts';
import type { Course } from '../machine/course.ts';
import { Outbox } from '../machine/outbox.ts';
import { WorkQueue } from '../machine/work-queue.ts';
import { Formation } from './formation.ts';
import type { FormationOptions } from './formation.ts';
import { Intermission } from './intermission.ts';
import { Lead } from './lead.ts';
import { isPastQueue } from './member.ts';
import { Post } from './post.ts';
import type { Schedule } from './scalars.ts';

export interface MasterOptions extends FormationOptions {
  readonly course: Course;
  readonly schedule: Schedule;
}

export class Master implements Node {
  readonly #options: MasterOptions;
  readonly #outbox = new Outbox();
  readonly #works = new WorkQueue(this.#outbox);
  readonly #post = new Post(masterId, this.#outbox);
  readonly #channels = { post: this.#post, outbox: this.#outbox, works: this.#works };
  readonly #formation: Formation;
  readonly #boundary: Boundary;
  readonly #intermission: Intermission;
  readonly #isSynchronous: boolean;
  /** Once everyone is ready and has its samples. */
  #lead: Lead | undefined;
  #over = false;

  constructor(options: MasterOptions) {
    this.#options = options;
    this.#isSynchronous = options.consistency.kind === 'bsp';
    this.#outbox.generation = 1;
    this.#formation = new Formation(options, this.#channels);
    this.#boundary = new Boundary(options.course);
    this.#intermission = new Intermission(
      this.#formation,
      this.#boundary,
      this.#channels,
      this.#isSynchronous,
    );
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
        return this.#formation.start();
      case 'message':
        return this.#message(event.from, event.generation, event.message);
      case 'computed':
        if (isPastQueue(event.work.kind)) this.#works.interrupted();
        else this.#works.done(event.work);
        return this.#computed(event.work, event.result);
      case 'unlinked':
        return this.#lost(event.node, event.reason);
      case 'failed':
        // Of a device that is lost its link tells, and which one it is.
        if (event.code === 'NODE_LOST' && this.#lead) return undefined;
        return this.#end({ code: event.code, reason: event.reason });
      case 'stored':
        return this.#intermission.checkpoint?.stored();
      case 'stop':
        return this.#stop();
      case 'save':
        return this.#boundary.saveIsDue();
      default:
        return undefined;
    }
  }

  /** Without a worker the others go on, without a server nobody can. */
  #lost(node: NodeId, reason: string): void {
    const { group, roles, shipping, newcomers } = this.#formation;
    if (!group.has(node)) return;
    if (!roles) return group.leave(node);
    if (!this.#lead || roles.servers.includes(node) || node === masterId)
      return this.#end({ code: 'NODE_LOST', reason: `${group.nameOf(node)} is gone: ${reason}` });
    if (newcomers.delete(node) || !this.#lead.workers.includes(node)) return shipping.drop(node);
    // If it only lost a link, it must know that it is not waited for.
    this.#post.send(node, { type: 'failed', code: 'NODE_LOST', message: reason });
    this.#outbox.report({ kind: 'dropped', node, reason });
    shipping.drop(node);
    this.#lead.drop(node);
    this.#formation.shipAnew(this.#lead);
  }

  #failed(from: NodeId, { code, message, node }: MessageOf<'failed'>): void {
    // Of a worker and a server that lost each other, the worker is the one that can be spared.
    const servers = this.#formation.roles?.servers ?? [];
    if (node !== undefined)
      return this.#lost(servers.includes(node) && !servers.includes(from) ? from : node, message);
    const isGone = code === 'NODE_LOST' || code === 'INTERRUPTED';
    if (isGone && this.#lead) return this.#lost(from, message);
    this.#end({ code, reason: `${this.#formation.group.nameOf(from)}: ${message}` });
  }

  #message(from: NodeId, generation: number, message: Message): void {
    if (message.type === 'join') return this.#formation.join(from, message);
    const { group, shipping } = this.#formation;
    if (generation !== this.#outbox.generation || !group.has(from)) return undefined;
    switch (message.type) {
      case 'ready':
        return this.#formation.ready(from, message.bytes, this.#lead);
      case 'kept':
        return shipping.kept(from);
      case 'partOfLoss':
        return this.#lead?.partOfLoss(from, message);
      case 'settled':
        return this.#lead?.settled(from, message);
      case 'measured':
        return this.#lead?.measured(message);
      case 'parameters': {
        const { layer, payload } = message;
        if (this.#intermission.checkpoint?.arrived(from, layer, payload)) return undefined;
        throw notDue(from, message);
      }
      case 'failed':
        return this.#failed(from, message);
      default:
        if (!this.#formation.device?.take(from, message)) throw notDue(from, message);
    }
  }

  #computed(work: Work, result: WorkResult): void {
    switch (work.kind) {
      case 'readSamples':
        return this.#formation.shipping.computed(work, result.payload!);
      case 'assemble':
        return this.#intermission.checkpoint?.assembled(work.layer, result.payload!);
      default:
        return this.#formation.device?.computed(work, result);
    }
  }

  /** Everything that follows from what is known by now. */
  #advance(): void {
    do {
      this.#proceed();
      this.#post.deliver((message) => {
        this.#message(masterId, this.#outbox.generation, message);
        this.#proceed();
      });
    } while (this.#betweenSteps() && !this.#over);
    if (this.#over) return;
    this.#works.fill(
      () => this.#formation.device?.nextWork(),
      () => this.#formation.device?.awaits ?? 'start',
    );
  }

  #proceed(): void {
    if (!this.#lead && this.#formation.advance()) this.#begin();
    this.#lead?.report();
    // While samples are on their way to those who take over a share, no new steps are given.
    if (this.#formation.shipping.isDone && !this.#intermission.isOpen) {
      for (const node of this.#formation.newcomers) this.#lead?.add(node);
      this.#formation.newcomers.clear();
      this.#lead?.grant();
    }
    this.#formation.device?.advance();
  }

  #begin(): void {
    const { clipNorm, schedule, training } = this.#options;
    const { roles, keys } = this.#formation;
    const options = {
      roles: roles!,
      keys,
      layers: training.resolved.layers.length,
      isSynchronous: this.#isSynchronous,
      clipNorm,
      schedule,
      boundary: this.#boundary,
    };
    this.#lead = new Lead(options, this.#post, this.#outbox);
  }

  /** Carries out what the course wants besides steps; says whether something has begun or ended. */
  #betweenSteps(): boolean {
    const pending = this.#intermission.isOpen ? undefined : this.#lead?.takePending();
    if (pending?.kind === 'end') this.#end(pending.error);
    else if (pending) {
      if (pending.kind === 'save' && !this.#isSynchronous)
        this.#outbox.report({ kind: 'staleness', ...this.#lead!.staleness });
      this.#intermission.begin(pending);
    }
    return this.#intermission.advance() || pending !== undefined;
  }

  /** The user wants the run to end: after the steps that were given, with everything saved. */
  #stop(): void {
    const error: EndError = { code: 'INTERRUPTED', reason: 'the run was stopped by its user' };
    if (this.#boundary.isEnding || !this.#lead) return this.#end(error);
    this.#boundary.endWith(error);
  }

  #end(error?: EndError): void {
    if (this.#over) return;
    this.#over = true;
    for (const { node } of this.#formation.group.others)
      this.#outbox.send(
        node,
        error ? { type: 'failed', code: error.code, message: error.reason } : { type: 'end' },
      );
    this.#outbox.add(error ? { type: 'end', error } : { type: 'end' });
  }
}
