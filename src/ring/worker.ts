// A worker of the ring: it asks to be let in, is given layers, and from then on decides everything
// from what its two neighbours send. It never sees samples, targets or who else is there.

import { RingError } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import { notDue } from '../machine/not-due.ts';
import type { EndError } from '../machine/boundary.ts';
import { Outbox } from '../machine/outbox.ts';
import { WorkQueue } from '../machine/work-queue.ts';
import { masterId } from '../node.ts';
import type { Effect, Event, IdleCause, Message, Node, NodeId, Work, WorkResult } from '../node.ts';
import type { MessageOf } from '../protocol/messages.ts';
import { Assignment } from './assignment.ts';
import { StageRun } from './stage-run.ts';
import { WorkerStage } from './worker-stage.ts';

export class Worker implements Node {
  readonly #join: MessageOf<'join'>;
  readonly #outbox = new Outbox();
  readonly #works = new WorkQueue(this.#outbox);
  readonly #linked = new Set<NodeId>();
  #assignment: Assignment | undefined;
  /** Once it is prepared; and the bytes that it takes. */
  #stage: WorkerStage | undefined;
  #bytes = 0;
  #readySent = false;
  /** Why it cannot go on: the master knows, and has not answered yet. */
  #failure: EndError | undefined;
  #over = false;

  /** `join` says what this device is and can do. */
  constructor(join: MessageOf<'join'>) {
    this.#join = join;
  }

  receive(event: Event): readonly Effect[] {
    if (this.#over) return [];
    try {
      if (this.#failure) this.#await(event, this.#failure);
      else {
        this.#take(event);
        this.#advance();
      }
    } catch (error) {
      if (!(error instanceof RingError)) throw error;
      this.#fail(error.code, error.message);
    }
    return this.#outbox.take();
  }

  #take(event: Event): void {
    switch (event.type) {
      case 'linked':
        this.#linked.add(event.node);
        return event.node === masterId ? this.#outbox.send(masterId, this.#join) : undefined;
      case 'unlinked':
        return this.#unlinked(event.node, event.reason);
      case 'message':
        return this.#message(event.from, event.generation, event.message);
      case 'sent':
        return this.#stage?.sent(event.message);
      case 'computed':
        return this.#works.done(event.work) ? this.#computed(event.work, event.result) : undefined;
      case 'kept':
        return this.#kept(event.step, event.layer);
      case 'recalled':
        return this.#stage?.recalled(event.step, event.layer, event.payload);
      case 'failed':
        return this.#fail(event.code, event.reason);
      case 'stop':
        return this.#fail('INTERRUPTED', `${this.#join.name} was stopped by its user`);
      default:
        return undefined;
    }
  }

  #message(from: NodeId, generation: number, message: Message): void {
    if (message.type === 'assign') return this.#assigned(from, generation, message);
    if (message.type === 'end' && from === masterId) return this.#end();
    if (message.type === 'failed' && from === masterId)
      return this.#end({ code: message.code, reason: message.message });
    // A frame of an older ring, or from before this node was told of a newer one, is nobody's.
    if (generation !== this.#outbox.generation) return undefined;
    if (message.type === 'retain') return this.#retain(from, message);
    if (!this.#stage) throw notDue(from, message);
    return this.#stage.take(from, message);
  }

  #assigned(from: NodeId, generation: number, message: MessageOf<'assign'>): void {
    if (from !== masterId || generation <= this.#outbox.generation) throw notDue(from, message);
    this.#assignment = new Assignment(message);
    this.#outbox.generation = generation;
    // If the ring forms anew, what was under way is nobody's.
    this.#stage = undefined;
    this.#readySent = false;
    this.#works.giveUp();
    this.#works.addUrgent(this.#assignment.prepare());
    const connect = this.#assignment.connect(generation, this.#linked);
    if (connect) this.#outbox.add(connect);
  }

  /** A copy is kept, for whichever ring it was made: the master may need to know. */
  #kept(step: number, layer: number): void {
    this.#stage?.kept(step, layer);
    this.#outbox.send(masterId, { type: 'holds', step, layer });
  }

  /** Copies from before a step are needed no more, whatever the ring is doing. */
  #retain(from: NodeId, message: MessageOf<'retain'>): void {
    const run = this.#assignment?.copies?.run;
    if (from !== masterId || run === undefined) throw notDue(from, message);
    this.#outbox.add({ type: 'drop', run, before: message.from });
  }

  #unlinked(node: NodeId, reason: string): void {
    this.#linked.delete(node);
    if (node === masterId)
      return this.#end({ code: 'NODE_LOST', reason: `the master is gone: ${reason}` });
    // Whether it is gone, and what is to be done, is the master's to say.
    if (this.#assignment?.workers.includes(node))
      this.#outbox.send(masterId, { type: 'failed', code: 'NODE_LOST', message: reason, node });
  }

  #computed(work: Work, result: WorkResult): void {
    if (work.kind === 'prepare') this.#prepared(result.prepared!, work);
    else this.#stage?.computed(work, result);
  }

  #prepared(
    { bytes, units }: NonNullable<WorkResult['prepared']>,
    { stages }: Extract<Work, { kind: 'prepare' }>,
  ): void {
    const assignment = this.#assignment!;
    this.#bytes = bytes;
    const run = new StageRun(stages[0]!, units.inner ?? [], false, assignment.clockwiseWindow);
    this.#stage = new WorkerStage(run, assignment, this.#outbox, this.#works);
  }

  /** Everything that follows from what is known by now. */
  #advance(): void {
    this.#sayReady();
    this.#stage?.advance();
    if (!this.#over && !this.#failure) {
      const awaits = (): IdleCause => this.#stage?.awaits ?? 'start';
      this.#works.fill(() => this.#stage?.nextWork(), awaits);
    }
  }

  #sayReady(): void {
    if (this.#readySent || !this.#stage) return;
    if (!this.#assignment!.workers.every((node) => this.#linked.has(node))) return;
    this.#readySent = true;
    this.#outbox.send(masterId, { type: 'ready', bytes: this.#bytes });
  }

  /**
   * Tells the master and keeps the links until it has answered: were they closed at once, the
   * neighbours' word that this node is gone could come before its own, which says why.
   */
  #fail(code: ErrorCode, reason: string): void {
    this.#outbox.send(masterId, { type: 'failed', code, message: reason });
    if (this.#assignment) this.#failure = { code, reason };
    else this.#end({ code, reason });
  }

  /** The master's answer to a failure, or the end of its link. */
  #await(event: Event, failure: EndError): void {
    const answer = event.type === 'message' && event.from === masterId && event.message.type;
    const isGone = event.type === 'unlinked' && event.node === masterId;
    if (answer === 'end' || answer === 'failed' || isGone) this.#end(failure);
  }

  #end(error?: EndError): void {
    this.#over = true;
    this.#outbox.add(error ? { type: 'end', error } : { type: 'end' });
  }
}
