// A worker's stage through pass after pass: a pass begins with its first activation, and a step ends
// when the norms of everyone's gradients from here on have been told and the master commits it.

import { notDue } from '../machine/not-due.ts';
import { onWire } from '../machine/gradients.ts';
import type { Outbox } from '../machine/outbox.ts';
import type { WorkQueue } from '../machine/work-queue.ts';
import { masterId } from '../node.ts';
import type { IdleCause, Message, NodeId, Payload, Work, WorkResult } from '../node.ts';
import type { MessageOf } from '../protocol/messages.ts';
import type { Assignment } from './assignment.ts';
import { Exchange } from './exchange.ts';
import { nextWork } from './schedule.ts';
import { StageRun } from './stage-run.ts';
import { WorkerCopies } from './worker-copies.ts';

export class WorkerStage {
  readonly #run: StageRun;
  readonly #exchange: Exchange;
  readonly #assignment: Assignment;
  readonly #outbox: Outbox;
  readonly #works: WorkQueue;
  /** Of the step's end: own norms, those of everyone downstream, and how far the talk about them is. */
  #norms: (number | null)[] | undefined;
  #normsDownstream: readonly (number | null)[] | undefined;
  #normsAsked = false;
  /** How long the engine has computed for the pass; and the engines of all downstream. */
  #seconds = 0;
  #secondsDownstream: readonly number[] | undefined;
  #finishedSent = false;
  /** The last pass that was committed here; the master's link may be faster than the way round. */
  #committed = 0;
  #collects: MessageOf<'collect'>[] = [];
  /** A commit whose update waits until the copies of an earlier step are made. */
  #update: MessageOf<'commit'> | undefined;
  readonly #copies: WorkerCopies | undefined;

  constructor(run: StageRun, assignment: Assignment, outbox: Outbox, works: WorkQueue) {
    this.#run = run;
    this.#exchange = new Exchange(run, assignment, outbox);
    this.#assignment = assignment;
    this.#outbox = outbox;
    this.#works = works;
    const { copies, clockwise, anticlockwise } = assignment;
    if (copies)
      this.#copies = new WorkerCopies(copies, { clockwise, anticlockwise }, outbox, works);
  }

  /** Errors: PROTOCOL for what is not due. */
  take(from: NodeId, message: Message): void {
    switch (message.type) {
      case 'activation':
        this.#beginWith(from, message);
        return this.#exchange.takeActivation(from, message);
      case 'gradient':
        return this.#exchange.takeGradient(from, message);
      case 'credit':
        return this.#exchange.takeCredit(from, message);
      case 'finished':
        if (from !== this.#assignment.clockwise || message.pass !== this.#run.pass)
          throw notDue(from, message);
        this.#normsDownstream = message.squaredNorms;
        this.#secondsDownstream = message.seconds;
        return undefined;
      case 'commit':
        return this.#commit(from, message);
      case 'collect':
        if (from !== masterId) throw notDue(from, message);
        this.#collects.push(message);
        return undefined;
      case 'load': {
        if (from !== masterId) throw notDue(from, message);
        const { layer, payload } = message;
        return this.#works.addUrgent({ kind: 'write', layer, payload });
      }
      default:
        if (!this.#copies?.take(from, message)) throw notDue(from, message);
        return undefined;
    }
  }

  /** Takes up the next pass with its first microbatch, when this one is done. */
  #beginWith(from: NodeId, message: MessageOf<'activation'>): void {
    const run = this.#run;
    if (message.pass === run.pass) return;
    if (
      from !== this.#assignment.anticlockwise ||
      message.pass < run.pass ||
      message.microbatch !== 0 ||
      !run.complete
    )
      throw notDue(from, message);
    run.begin(message.pass, message.mode, message.of);
    this.#norms = this.#normsDownstream = this.#secondsDownstream = undefined;
    this.#seconds = 0;
    this.#normsAsked = this.#finishedSent = false;
  }

  #commit(from: NodeId, message: MessageOf<'commit'>): void {
    const { anticlockwise, clockwise } = this.#assignment;
    const { pass } = message;
    const isDue = pass === this.#run.pass && this.#finishedSent && pass > this.#committed;
    if (from !== anticlockwise || !isDue || this.#update) throw notDue(from, message);
    if (clockwise !== masterId) this.#outbox.send(clockwise, message);
    this.#update = message;
  }

  /** Once the copies of an earlier step are made, so that they hold that step. */
  #updateIfDue(): void {
    if (!this.#update || this.#copies?.isBusy) return;
    const { pass, step, scalars, snapshot } = this.#update;
    this.#update = undefined;
    this.#works.addUrgent({ kind: 'update', scalars });
    this.#committed = pass;
    this.#outbox.add({ type: 'committed', step: step + 1 });
    if (snapshot) this.#copies?.begin(step + 1);
  }

  sent(message: Message): void {
    this.#exchange.sent(message);
    this.#copies?.sent(message);
  }

  kept(step: number, layer: number): void {
    this.#copies?.kept(step, layer);
  }

  recalled(step: number, layer: number, payload?: Payload): void {
    this.#copies?.recalled(step, layer, payload);
  }

  computed(work: Work, result: WorkResult): void {
    if (work.kind === 'read') return this.#read(work, result.payload!);
    if (work.kind === 'write')
      return this.#outbox.send(masterId, { type: 'loaded', layer: work.layer });
    if (work.kind === 'update') return undefined;
    this.#seconds += result.seconds ?? 0;
    if (work.kind === 'norms') this.#norms = onWire(result.squaredNorms!);
    return this.#exchange.computed(work, result);
  }

  /** A layer was read: for a copy, or because the master asked. */
  #read(work: Extract<Work, { kind: 'read' }>, payload: Payload): void {
    if (this.#copies?.read(work, payload)) return;
    this.#outbox.send(masterId, { type: 'parameters', layer: work.layer, payload });
  }

  /** Sends what can be sent. */
  advance(): void {
    this.#updateIfDue();
    this.#exchange.send();
    this.#sayFinished();
    // An update that was given before is done before the reading.
    for (const { layer } of this.#collects.filter(({ pass }) => pass <= this.#committed))
      this.#works.addUrgent({ kind: 'read', layer });
    this.#collects = this.#collects.filter(({ pass }) => pass > this.#committed);
  }

  #sayFinished(): void {
    if (!this.#norms || !this.#normsDownstream || this.#finishedSent) return;
    this.#finishedSent = true;
    const { pass } = this.#run;
    const squaredNorms = [...this.#norms, ...this.#normsDownstream];
    const seconds = [this.#seconds, ...(this.#secondsDownstream ?? [])];
    const { anticlockwise } = this.#assignment;
    this.#outbox.send(anticlockwise, { type: 'finished', pass, squaredNorms, seconds });
  }

  /** What the stage waits for; between a commit and the next pass, for its first activation. */
  get awaits(): IdleCause {
    if (this.#run.of === 0) return 'start';
    if (this.#update) return 'node';
    return this.#committed === this.#run.pass ? 'input' : this.#run.awaits;
  }

  /** By the local rule; and when the stage has all its gradients, their norms. */
  nextWork(): Work | undefined {
    if (this.#update) return undefined;
    const run = this.#run;
    const work = nextWork([run]);
    if (work || run.of === 0 || run.mode !== 'train' || !run.complete || this.#normsAsked)
      return work;
    this.#normsAsked = true;
    return { kind: 'norms', place: run.stage.place };
  }
}
