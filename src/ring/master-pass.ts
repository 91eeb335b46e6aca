// One pass round the ring as the master leads it: opened with the samples, closed with the loss, and
// at its end, when every stage has every gradient, committed. A step that is given up before its
// commit has changed nothing: whoever holds this pass only has to let go of it.

import { notDue } from '../machine/not-due.ts';
import type { Round } from '../machine/course.ts';
import { checkLoss, gradientFactor, onWire } from '../machine/gradients.ts';
import type { Outbox } from '../machine/outbox.ts';
import type { WorkQueue } from '../machine/work-queue.ts';
import type { IdleCause, Message, Microbatch, NodeId, Place, Work, WorkResult } from '../node.ts';
import type { Exchange } from './exchange.ts';
import { StepNorms } from './finish.ts';
import type { MasterStages } from './master-stages.ts';
import type { OwnCopies } from './own-copies.ts';
import { nextWork } from './schedule.ts';

export interface PassOptions {
  /** Rows of a full microbatch. */
  readonly rows: number;
  /** Learning rate, and the scalars of the optimizer's update, at `step` (from 0). */
  readonly schedule: (step: number, gradientFactor: number) => StepScalars;
  readonly clipNorm?: number;
}

export interface StepScalars {
  readonly learningRate: number;
  readonly scalars: readonly number[];
}

/** What a pass goes through. */
export interface PassRoutes {
  readonly stages: MasterStages;
  readonly outbox: Outbox;
  readonly works: WorkQueue;
  /** Whether the layers are to be copied after so many steps, and the copies that the master makes. */
  readonly isSnapshot: (step: number) => boolean;
  readonly copies: OwnCopies | undefined;
  /** How many steps have been told of already. */
  readonly told: number;
}

export class MasterPass {
  readonly pass: Round;
  readonly #number: number;
  readonly #options: PassOptions;
  readonly #routes: PassRoutes;
  readonly #stages: MasterStages;
  readonly #outbox: Outbox;
  /** Whether it was committed as a snapshot. */
  isSnapshot = false;
  /** How long the engine has computed for it; and those of the workers, in order. */
  #seconds = 0;
  #workersSeconds: readonly number[] = [];
  /** Microbatches in this pass; and those that have been through the loss. */
  readonly #of: number;
  #closed = 0;
  readonly #losses: number[] = [];
  #correct: number | undefined;
  readonly #norms = new StepNorms();
  readonly #normsAsked = new Set<Place>();

  /** `number` counts passes: nothing on its way of an earlier one is taken for this one's. */
  constructor(pass: Round, number: number, options: PassOptions, routes: PassRoutes) {
    const { stages, outbox } = routes;
    this.pass = pass;
    this.#number = number;
    this.#options = options;
    this.#routes = routes;
    this.#stages = stages;
    this.#outbox = outbox;
    this.#of = Math.ceil(pass.rows / options.rows);
    for (const { run } of stages.exchanges) run.begin(number, pass.kind, this.#of);
  }

  /** Errors: PROTOCOL for what is not due. */
  take(from: NodeId, message: Message): void {
    const { closing, opening, first } = this.#stages;
    if (message.type === 'activation') return closing.takeActivation(from, message);
    if (message.type === 'gradient' && opening) return opening.takeGradient(from, message);
    if (message.type === 'credit' && opening) return opening.takeCredit(from, message);
    if (message.type !== 'finished' || from !== first || message.pass !== this.#number)
      throw notDue(from, message);
    this.#norms.downstream = message.squaredNorms;
    this.#workersSeconds = message.seconds ?? [];
    return undefined;
  }

  /** Errors: NOT_FINITE. */
  computed(work: Work, result: WorkResult): void {
    const { closing, opening } = this.#stages;
    const place = 'place' in work ? work.place : 'closing';
    const exchange = place === 'opening' ? opening! : closing;
    this.#seconds += result.seconds ?? 0;
    if (work.kind === 'loss') this.#close(work.of, result);
    if (work.kind === 'norms') this.#measured(exchange, onWire(result.squaredNorms!));
    exchange.computed(work, result);
  }

  /** How long each member's engine has computed for it, the master's first. */
  get seconds(): readonly number[] {
    return [this.#seconds, ...this.#workersSeconds];
  }

  /** A microbatch has reached the loss. */
  #close(of: Microbatch, { loss, correct, payload }: WorkResult): void {
    this.#closed += 1;
    if (loss !== undefined) this.#losses.push(loss);
    if (correct !== undefined) this.#correct = (this.#correct ?? 0) + correct;
    if (of.mode === 'train') return checkLoss(of.step, loss!);
    const { position, rows } = of;
    if (payload) this.#outbox.report({ kind: 'output', position, payload });
    const samples = this.pass.rows;
    return this.#outbox.report({ kind: 'evaluating', done: position + rows, samples });
  }

  #measured({ run }: Exchange, squaredNorms: (number | null)[]): void {
    if (!run.isLast) {
      this.#norms.opening = squaredNorms;
      return;
    }
    this.#norms.closing = squaredNorms;
    const { last } = this.#stages;
    if (last !== undefined)
      this.#outbox.send(last, { type: 'finished', pass: this.#number, squaredNorms });
  }

  /** Sends what can be sent; true when with that the pass is over. Errors: NOT_FINITE. */
  advance(): boolean {
    for (const exchange of this.#stages.exchanges) exchange.send();
    if (this.pass.kind === 'train') return this.#commit(this.pass);
    if (this.#closed < this.#of) return false;
    const { step, epoch, rows: samples } = this.pass;
    const loss = this.#losses.length > 0 ? { loss: sum(this.#losses) } : {};
    const accuracy = this.#correct === undefined ? {} : { accuracy: this.#correct / samples };
    this.#outbox.report({ kind: 'evaluated', step, epoch, samples, ...loss, ...accuracy });
    return true;
  }

  /**
   * Declares the step done as soon as every stage has every gradient. Every worker is told to update;
   * the master's own update is the next thing that its engine does.
   */
  #commit({ step, epoch, rows: samples }: Extract<Round, { kind: 'train' }>): boolean {
    const { first } = this.#stages;
    const { works, copies, told } = this.#routes;
    const norms = this.#norms.all(first === undefined);
    // Copies of an earlier step are made before it changes.
    if (!norms || copies?.isDone === false) return false;
    const factor = gradientFactor(step, norms, this.#options.clipNorm);
    const { learningRate, scalars: given } = this.#options.schedule(step, factor);
    const scalars = [...given];
    const done = step + 1;
    this.isSnapshot = this.#routes.isSnapshot(done);
    if (first !== undefined)
      this.#outbox.send(first, {
        type: 'commit',
        pass: this.#number,
        step,
        scalars,
        ...(this.isSnapshot && { snapshot: true }),
      });
    works.addUrgent({ kind: 'update', scalars });
    if (this.isSnapshot) copies?.begin(done);
    this.#outbox.add({ type: 'committed', step: done });
    const loss = sum(this.#losses);
    if (done > told)
      this.#outbox.report({ kind: 'step', step: done, epoch, loss, learningRate, samples });
    else this.#outbox.report({ kind: 'replayed', step: done, until: told });
    return true;
  }

  /** By the local rule; and when a stage has all its gradients, their norms. */
  nextWork(): Work | undefined {
    const runs = this.#stages.exchanges.map(({ run }) => run);
    const describe = (microbatch: number): Microbatch => this.#describe(microbatch);
    return nextWork(runs, { batch: this.pass.rows, describe }) ?? this.#normsDue();
  }

  #normsDue(): Work | undefined {
    if (this.pass.kind !== 'train') return undefined;
    for (const { run } of this.#stages.exchanges) {
      const { place } = run.stage;
      if (!run.complete || this.#normsAsked.has(place)) continue;
      this.#normsAsked.add(place);
      return { kind: 'norms', place };
    }
    return undefined;
  }

  /** What the master waits for: the closing stage first, as in the local rule. */
  get awaits(): IdleCause {
    const open = this.#stages.exchanges.find(({ run }) => !run.complete);
    return open?.run.awaits ?? 'parameters';
  }

  #describe(microbatch: number): Microbatch {
    const { kind: mode, step, rows: all } = this.pass;
    const { rows: full } = this.#options;
    const position = microbatch * full;
    const rows = Math.min(full, all - position);
    return { pass: this.#number, step, mode, microbatch, of: this.#of, rows, position };
  }
}

const sum = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0);
