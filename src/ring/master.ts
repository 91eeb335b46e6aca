// The master of the ring: it lets workers in and gives them layers, leads them through the passes of
// the course, and declares the run over. What is going on at any time is one of three: the ring is
// forming (admission.ts), a pass goes round (master-pass.ts), the model is moved (transfer.ts). Who
// computes what and when is not its business: every node decides that by the local rule (schedule.ts).

import { RingError } from '../errors.ts';
import { notDue } from '../machine/not-due.ts';
import { Boundary } from '../machine/boundary.ts';
import type { EndError, Told } from '../machine/boundary.ts';
import type { Course } from '../machine/course.ts';
import { Outbox } from '../machine/outbox.ts';
import { WorkQueue } from '../machine/work-queue.ts';
import type { Effect, Event, IdleCause, Message, Node, NodeId, Work, WorkResult } from '../node.ts';
import type { MessageOf } from '../protocol/messages.ts';
import { Admission } from './admission.ts';
import type { AdmissionOptions } from './admission.ts';
import type { Formation } from './formation.ts';
import { MasterPass } from './master-pass.ts';
import type { PassOptions } from './master-pass.ts';
import type { MasterStages } from './master-stages.ts';
import { Transfer } from './transfer.ts';
import type { Direction } from './transfer.ts';

export interface MasterOptions extends AdmissionOptions, PassOptions {
  /** Layers that have parameters: they are what a checkpoint holds. */
  readonly layersWithParameters: readonly number[];
  readonly course: Course;
  /** Begin from the parameters on the store, which are those after so many steps, instead of the seed's. */
  readonly loadedStep?: number;
  /** What an earlier part of the same run has told already. */
  readonly told?: Told;
}

export class Master implements Node {
  readonly #options: MasterOptions;
  readonly #outbox = new Outbox();
  readonly #works = new WorkQueue(this.#outbox);
  readonly #admission: Admission;
  readonly #boundary: Boundary;
  /** Once they are prepared. */
  #stages: MasterStages | undefined;
  #begun = false;
  #passes = 0;
  /** The last pass that was committed. */
  #committed = 0;
  #pass: MasterPass | undefined;
  #transfer: Transfer | undefined;
  #over = false;

  constructor(options: MasterOptions) {
    this.#options = options;
    this.#outbox.generation = 1;
    this.#admission = new Admission(options, this.#outbox, this.#works);
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
        return this.#admission.start();
      case 'message':
        return this.#message(event.from, event.generation, event.message);
      case 'computed':
        this.#works.done();
        return this.#computed(event.work, event.result);
      case 'sent':
        return this.#stages?.sent(event.message);
      case 'unlinked':
        return this.#unlinked(event.node, event.reason);
      case 'failed':
        return this.#end({ code: event.code, reason: event.reason });
      case 'fetched':
        return this.#transfer?.arrived(event.layer, event.payload);
      case 'stored':
        return this.#transfer?.settled();
      case 'stop':
        return this.#stop({ code: 'INTERRUPTED', reason: 'the run was stopped by its user' });
      case 'save':
        return this.#boundary.saveIsDue();
      default:
        return undefined;
    }
  }

  #message(from: NodeId, generation: number, message: Message): void {
    if (message.type === 'join') return this.#admission.join(from, message);
    if (generation !== this.#outbox.generation || !this.#formation.has(from)) return undefined;
    switch (message.type) {
      case 'ready':
        this.#formation.ready(from, message.bytes);
        return this.#begin();
      case 'parameters':
        if (!this.#transfer?.awaitsParameters(from, message.layer)) throw notDue(from, message);
        return this.#transfer.arrived(message.layer, message.payload);
      case 'loaded':
        if (!this.#transfer?.awaitsLoaded(from, message.layer)) throw notDue(from, message);
        return this.#transfer.settled();
      case 'failed':
        return this.#failed(from, message);
      default:
        // What is still on its way of a pass that was given up is nobody's.
        return this.#pass?.take(from, message);
    }
  }

  #computed(work: Work, result: WorkResult): void {
    switch (work.kind) {
      case 'prepare':
        this.#stages = this.#admission.prepared(result.prepared!);
        return this.#begin();
      case 'update':
        return undefined;
      case 'read':
        return this.#transfer?.arrived(work.layer, result.payload!);
      case 'write':
        return this.#transfer?.settled();
      default:
        return this.#pass?.computed(work, result);
    }
  }

  get #formation(): Formation {
    return this.#admission.formation;
  }

  /** Everything that follows from what is known by now. */
  #advance(): void {
    if (this.#transfer?.done) this.#moved(this.#transfer);
    if (this.#pass?.advance()) this.#passed(this.#pass);
    if (this.#over) return;
    const awaits = (): IdleCause => this.#pass?.awaits ?? (this.#begun ? 'end' : 'start');
    this.#works.fill(() => this.#pass?.nextWork(), awaits);
  }

  /** When everyone is ready: off we go. */
  #begin(): void {
    if (!this.#formation.isReady || this.#begun) return;
    this.#begun = true;
    this.#outbox.report({ kind: 'formed', nodes: this.#formation.report() });
    if (this.#options.loadedStep !== undefined) this.#move('load', this.#options.loadedStep);
    else this.#next();
  }

  /** A worker cannot go on; or tells of a neighbour that it cannot, being gone. */
  #failed(from: NodeId, { code, message, node }: MessageOf<'failed'>): void {
    if (node !== undefined && this.#formation.has(node)) return this.#unlinked(node, message);
    return this.#end({ code, reason: `${this.#formation.nameOf(from)}: ${message}` });
  }

  #unlinked(node: NodeId, reason: string): void {
    if (!this.#formation.has(node)) return;
    if (!this.#formation.isCut) return this.#formation.leave(node);
    this.#end({ code: 'NODE_LOST', reason: `${this.#formation.nameOf(node)} is gone: ${reason}` });
  }

  /** Begins what comes next. */
  #next(): void {
    const next = this.#boundary.next();
    if (next.kind === 'end') return this.#end(next.error);
    if (next.kind === 'save') return this.#move('save', next.step);
    this.#passes += 1;
    this.#pass = new MasterPass(next, this.#passes, this.#options, {
      stages: this.#stages!,
      outbox: this.#outbox,
      works: this.#works,
    });
    return undefined;
  }

  #passed({ pass }: MasterPass): void {
    this.#pass = undefined;
    if (pass.kind === 'train') {
      this.#committed = this.#passes;
      this.#boundary.committed(pass.step);
    } else this.#boundary.evaluated(pass.step);
    this.#next();
  }

  #move(direction: Direction, step: number): void {
    const { layersWithParameters } = this.#options;
    this.#transfer = new Transfer(direction, step, this.#committed, layersWithParameters, {
      formation: this.#formation,
      outbox: this.#outbox,
      works: this.#works,
    });
    this.#transfer.next();
  }

  #moved({ direction, step }: Transfer): void {
    this.#transfer = undefined;
    if (direction === 'save') {
      this.#boundary.saved(step);
      this.#outbox.report({ kind: 'saved', step });
    }
    this.#next();
  }

  /** Ends the run with what is committed; a step that is under way is dropped. */
  #stop(error: EndError): void {
    if (this.#boundary.isEnding || !this.#begun) return this.#end(error);
    this.#boundary.endWith(error);
    this.#pass = undefined;
    if (!this.#transfer) this.#next();
    return undefined;
  }

  #end(error?: EndError): void {
    this.#over = true;
    this.#pass = undefined;
    for (const { node } of this.#formation.workers)
      this.#outbox.send(
        node,
        error ? { type: 'failed', code: error.code, message: error.reason } : { type: 'end' },
      );
    this.#outbox.add(error ? { type: 'end', error } : { type: 'end' });
  }
}
