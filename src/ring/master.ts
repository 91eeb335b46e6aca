// The master of the ring: it lets workers in and gives them layers, leads them through the passes of
// the course, and declares the run over. Who computes what and when is not its business: every node
// decides that by the local rule (schedule.ts). What goes on in a ring that is formed is ring.ts; a node
// that is lost, or comes later, ends that, and the ring forms anew (admission.ts).

import { RingError } from '../errors.ts';
import type { Boundary, EndError } from '../machine/boundary.ts';
import type { Outbox } from '../machine/outbox.ts';
import { isOwnFault } from '../machine/own-faults.ts';
import type { WorkQueue } from '../machine/work-queue.ts';
import { masterId } from '../node.ts';
import type { Effect, Event, Message, Node, NodeId, Payload } from '../node.ts';
import type { MessageOf } from '../protocol/messages.ts';
import type { Admission } from './admission.ts';
import type { Formation } from './formation.ts';
import { Ring } from './ring.ts';
import { partsOf } from './ring-parts.ts';
import type { Cause, MasterOptions, RingParts } from './ring-parts.ts';
import type { Snapshots } from './snapshots.ts';

export type { MasterOptions } from './ring-parts.ts';

export class Master implements Node {
  readonly #parts: RingParts;
  readonly #outbox: Outbox;
  readonly #works: WorkQueue;
  readonly #snapshots: Snapshots;
  readonly #admission: Admission;
  readonly #boundary: Boundary;
  /** Once the layers are cut. */
  #ring: Ring | undefined;
  /** A ring was formed: from then on others are formed anew. */
  #hasFormed = false;
  /** Answers of the store that nobody waits for any more. */
  #lateStored = 0;
  #over = false;

  constructor(options: MasterOptions) {
    const parts = partsOf(options);
    const { outbox, works, snapshots, admission, boundary } = parts;
    this.#parts = parts;
    this.#outbox = outbox;
    this.#works = works;
    this.#snapshots = snapshots;
    this.#admission = admission;
    this.#boundary = boundary;
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
        return this.#formation.isFull ? this.#form(undefined) : undefined;
      case 'message':
        return this.#message(event.from, event.generation, event.message);
      case 'computed':
        return this.#works.done(event.work)
          ? this.#ring?.computed(event.work, event.result)
          : undefined;
      case 'sent':
        return this.#ring?.sent(event.message);
      case 'unlinked':
        return this.#unlinked(event.node, event.reason);
      case 'failed':
        return this.#end({ code: event.code, reason: event.reason });
      case 'kept':
        this.#snapshots.kept(masterId, event.step, event.layer, this.#formation);
        return this.#ring?.kept(event.step, event.layer);
      case 'recalled':
        return this.#recalled(event.step, event.layer, event.payload);
      case 'fetched':
        return this.#ring?.loading?.fetched(event.layer, event.payload);
      case 'stored':
        return this.#stored();
      case 'stop':
        return this.#stop({ code: 'INTERRUPTED', reason: 'the run was stopped by its user' });
      case 'save':
        return this.#boundary.saveIsDue();
      case 'replicate':
        return this.#snapshots.due();
      case 'linked':
        return undefined;
    }
  }

  #message(from: NodeId, generation: number, message: Message): void {
    if (message.type === 'join') return this.#join(from, message);
    if (!this.#formation.has(from)) return undefined;
    // These are true whatever ring they were said in.
    if (message.type === 'holds')
      return this.#snapshots.kept(from, message.step, message.layer, this.#formation);
    if (message.type === 'failed' && message.node === undefined) return this.#failed(from, message);
    if (generation !== this.#outbox.generation) return undefined;
    switch (message.type) {
      case 'ready':
        return this.#ring?.ready(from, message.bytes);
      case 'failed':
        return this.#failed(from, message);
      case 'absent':
        return this.#absent(from, message.step, message.layer);
      default:
        return this.#ring?.take(from, message);
    }
  }

  get #formation(): Formation {
    return this.#admission.formation;
  }

  #join(from: NodeId, message: MessageOf<'join'>): void {
    this.#admission.join(from, message);
    if (!this.#ring && this.#formation.isFull) this.#form(undefined);
  }

  #stored(): void {
    if (this.#lateStored > 0) this.#lateStored -= 1;
    else this.#ring?.stored();
  }

  #recalled(step: number, layer: number, payload: Payload | undefined): void {
    if (payload) this.#ring?.loading?.recalled(step, layer, payload);
    else this.#absent(masterId, step, layer);
  }

  /**
   * A copy is missing that was counted on: there may be another, or the step before. The ring that asked
   * for it may have been given up: the one that is being formed counts on it just as well.
   */
  #absent(node: NodeId, step: number, layer: number): void {
    this.#snapshots.absent(node, step, layer);
    if (this.#ring?.awaitedStep === step) this.#reform('lost');
    else this.#ring?.copyIsMissing(step);
  }

  /** A worker cannot go on; or tells of a neighbour that it cannot, being gone. */
  #failed(from: NodeId, { code, message, node }: MessageOf<'failed'>): void {
    if (node !== undefined && this.#formation.has(node)) return this.#unlinked(node, message);
    if (node !== undefined && this.#admission.isElastic) return undefined;
    if (isOwnFault(code)) {
      // It leaves room for another while the ring is waited for.
      if (!this.#ring) return this.#admission.dismiss(from, message);
      if (this.#admission.isElastic) return this.#lose(from, message);
    }
    return this.#end({ code, reason: `${this.#formation.nameOf(from)}: ${message}` });
  }

  #unlinked(node: NodeId, reason: string): void {
    if (this.#ring && this.#formation.has(node)) return this.#lose(node, reason);
    if (this.#admission.leave(node)) this.#ring?.newcomerLeft();
    return undefined;
  }

  /** A worker is gone: who is left goes back to what there is and trains on. */
  #lose(node: NodeId, reason: string): void {
    const name = this.#formation.nameOf(node);
    const error: EndError = { code: 'NODE_LOST', reason: `${name} is gone: ${reason}` };
    if (!this.#admission.isElastic) return this.#end(error);
    this.#admission.dismiss(node, reason);
    return this.#reform('lost', error);
  }

  /** Lets go of all that is under way and forms the ring over who is here now. */
  #reform(cause: Cause, why?: EndError): void {
    if (this.#ring?.giveUp()) this.#lateStored += 1;
    this.#snapshots.giveUp();
    this.#admission.raise();
    try {
      this.#form(cause);
    } catch (error) {
      if (!(error instanceof RingError)) throw error;
      const reason = why ? `${why.reason}; without it ${error.message}` : error.message;
      this.#end({ code: why?.code ?? error.code, reason });
    }
  }

  #form(cause: Cause | undefined): void {
    const { stepsTold, savedStep } = this.#boundary;
    const base = this.#admission.base(stepsTold, savedStep);
    this.#admission.form(cause);
    const passes = this.#ring?.passes ?? 0;
    this.#ring = new Ring(this.#parts, {
      base,
      cause: this.#hasFormed ? cause : undefined,
      passes,
    });
  }

  /** Everything that follows from what is known by now. */
  #advance(): void {
    if (this.#over) return;
    const outcome = this.#ring?.advance();
    this.#hasFormed ||= this.#ring?.hasBegun ?? false;
    if (outcome?.kind === 'end') this.#end(outcome.error);
    if (outcome?.kind !== 'reform') return;
    this.#reform(outcome.cause);
    this.#advance();
  }

  /** Ends the run with what is committed; a step that is under way is dropped. */
  #stop(error: EndError): void {
    if (this.#boundary.isEnding || !this.#hasFormed) return this.#end(error);
    this.#boundary.endWith(error);
    return this.#ring?.stop();
  }

  #end(error?: EndError): void {
    this.#over = true;
    for (const { node } of [...this.#formation.workers, ...this.#formation.newcomers])
      this.#outbox.send(
        node,
        error ? { type: 'failed', code: error.code, message: error.reason } : { type: 'end' },
      );
    this.#outbox.add(error ? { type: 'end', error } : { type: 'end' });
  }
}
