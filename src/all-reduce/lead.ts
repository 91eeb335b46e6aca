// The course of an all-reduce, from the first step to the end: steps, looks at the test set, checkpoints.
// The master leads, and computes like everyone else; tests and checkpoints are of its own replica.

import type { RingTraining } from '../model/training.ts';
import type { NodeId, Payload, Work } from '../node.ts';
import { Boundary } from '../machine/boundary.ts';
import type { EndError } from '../machine/boundary.ts';
import type { Course, Pass } from '../machine/course.ts';
import type { Outbox } from '../machine/outbox.ts';
import type { WorkQueue } from '../machine/work-queue.ts';
import { ReplicaTransfer } from '../data-parallel/replica-transfer.ts';
import { MasterStep } from './master-step.ts';
import type { StepOptions } from './master-step.ts';
import type { Participant } from './participant.ts';

export interface LeadOptions extends StepOptions {
  readonly training: RingTraining;
  readonly course: Course;
}

/** The run is over; with an error, not as it should be. */
export interface Ending {
  readonly error?: EndError | undefined;
}

export class Lead {
  readonly #options: LeadOptions;
  readonly #participant: Participant;
  readonly #workers: readonly NodeId[];
  readonly #outbox: Outbox;
  readonly #works: WorkQueue;
  readonly #boundary: Boundary;
  /** What is under way: one of these. */
  #step: MasterStep | undefined;
  #evaluation: Extract<Pass, { kind: 'evaluate' }> | undefined;
  #transfer: ReplicaTransfer | undefined;
  #ending: Ending | undefined;

  constructor(
    options: LeadOptions,
    participant: Participant,
    workers: readonly NodeId[],
    outbox: Outbox,
    works: WorkQueue,
  ) {
    this.#options = options;
    this.#participant = participant;
    this.#workers = workers;
    this.#outbox = outbox;
    this.#works = works;
    this.#boundary = new Boundary(options.course);
    this.#next();
  }

  /** The run is about to end with an error. */
  get isEnding(): boolean {
    return this.#boundary.isEnding;
  }

  /** A worker's part of the loss of a step. */
  told(worker: NodeId, step: number, loss: number | null): void {
    if (step === this.#step?.pass.step) this.#step.told(worker, loss);
  }

  measured(squaredNorms: readonly number[]): void {
    this.#step?.measured(squaredNorms);
  }

  /** A layer is out of the engine; and on the store. */
  arrived(layer: number, payload: Payload): void {
    this.#transfer?.arrived(layer, payload);
  }

  settled(): void {
    this.#transfer?.settled();
  }

  saveIsDue(): void {
    this.#boundary.saveIsDue();
  }

  /** Ends the run with what is committed; a step that is under way is dropped. */
  stop(error: EndError): void {
    this.#boundary.endWith(error);
    this.#step = undefined;
    this.#evaluation = undefined;
    if (!this.#transfer) this.#next();
  }

  /** Everything that follows from what is known by now. Errors: NOT_FINITE. */
  advance(): Ending | undefined {
    if (this.#step) this.#advanceStep(this.#step);
    if (this.#evaluation) this.#advanceEvaluation(this.#evaluation);
    if (this.#transfer?.done) this.#saved(this.#transfer);
    return this.#ending;
  }

  nextWork(): Work | undefined {
    return this.#step || this.#evaluation ? this.#participant.nextWork() : undefined;
  }

  /** Begins the next pass; or ends the run, with everything saved. */
  #next(): void {
    const next = this.#boundary.next();
    switch (next.kind) {
      case 'end':
        this.#ending = { error: next.error };
        return undefined;
      case 'save': {
        const kept = this.#options.training.resolved.layers.flatMap(
          ({ parameters, state }, layer) => (parameters.length + state.length > 0 ? [layer] : []),
        );
        this.#transfer = new ReplicaTransfer(next.step, kept, this.#outbox, this.#works);
        return undefined;
      }
      case 'evaluate':
        this.#evaluation = next;
        return this.#participant.evaluate(next.step, next.rows);
      case 'train': {
        const { step, rows } = next;
        this.#step = new MasterStep(next, this.#options, this.#workers);
        for (const worker of this.#workers)
          this.#outbox.send(worker, { type: 'begin', step, rows });
        return this.#participant.begin(step, rows);
      }
    }
  }

  #advanceStep(current: MasterStep): void {
    const outcome = current.advance(this.#participant, this.#works);
    if (!outcome) return;
    const { step, epoch, rows: samples } = current.pass;
    const { loss, learningRate } = outcome;
    const scalars = [...outcome.scalars];
    for (const worker of this.#workers)
      this.#outbox.send(worker, { type: 'commit', pass: step + 1, step, scalars });
    this.#works.addUrgent({ kind: 'update', scalars });
    this.#outbox.add({ type: 'committed', step: step + 1 });
    this.#outbox.report({ kind: 'step', step: step + 1, epoch, loss, learningRate, samples });
    this.#step = undefined;
    this.#boundary.committed(step);
    this.#next();
  }

  #advanceEvaluation({ step, epoch, rows: samples }: Extract<Pass, { kind: 'evaluate' }>): void {
    const { isComputed, loss, correct } = this.#participant;
    if (!isComputed) return;
    const accuracy = correct === undefined ? {} : { accuracy: correct / samples };
    this.#outbox.report({ kind: 'evaluated', step, epoch, samples, loss, ...accuracy });
    this.#evaluation = undefined;
    this.#next();
  }

  #saved({ step }: ReplicaTransfer): void {
    this.#transfer = undefined;
    this.#boundary.saved(step);
    this.#outbox.report({ kind: 'saved', step });
    this.#next();
  }
}
