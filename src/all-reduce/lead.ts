// The course of an all-reduce, from when a group is formed until it forms anew or the run ends: steps,
// looks at the test set, checkpoints. The master leads, and computes like everyone else; tests and
// checkpoints are of its own replica, and nobody who is lost disturbs them.

import { layersKept } from '../model/training.ts';
import type { RingTraining } from '../model/training.ts';
import type { NodeId, Payload, Work } from '../node.ts';
import type { Boundary, EndError } from '../machine/boundary.ts';
import type { Pass } from '../machine/course.ts';
import type { Outbox } from '../machine/outbox.ts';
import type { WorkQueue } from '../machine/work-queue.ts';
import { ReplicaTransfer } from '../data-parallel/replica-transfer.ts';
import { MasterStep } from './master-step.ts';
import type { StepOptions } from './master-step.ts';
import type { Participant } from './participant.ts';

export interface LeadOptions extends StepOptions {
  readonly training: RingTraining;
}

/** What a lead belongs to. */
export interface LeadParts {
  readonly participant: Participant;
  readonly workers: readonly NodeId[];
  readonly boundary: Boundary;
  /** Whether the group is to be formed anew before the next pass. */
  readonly hasChanged: () => boolean;
  readonly outbox: Outbox;
  readonly works: WorkQueue;
}

/** The run is over, with an error not as it should be; or the group is to be formed anew. */
export type Outcome =
  | { readonly kind: 'end'; readonly error?: EndError | undefined }
  | { readonly kind: 'reform' };

export class Lead {
  readonly #options: LeadOptions;
  readonly #participant: Participant;
  readonly #workers: readonly NodeId[];
  readonly #outbox: Outbox;
  readonly #works: WorkQueue;
  readonly #boundary: Boundary;
  readonly #hasChanged: () => boolean;
  /** What is under way: one of these. */
  #step: MasterStep | undefined;
  #evaluation: Extract<Pass, { kind: 'evaluate' }> | undefined;
  #transfer: ReplicaTransfer | undefined;
  #outcome: Outcome | undefined;

  constructor(options: LeadOptions, parts: LeadParts) {
    this.#options = options;
    this.#participant = parts.participant;
    this.#workers = parts.workers;
    this.#boundary = parts.boundary;
    this.#hasChanged = parts.hasChanged;
    this.#outbox = parts.outbox;
    this.#works = parts.works;
    this.#boundary.backTo(this.#boundary.stepsDone);
    this.#next();
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

  /** The run is ending: only what is being saved goes on. */
  stop(): void {
    this.#step = undefined;
    this.#evaluation = undefined;
    if (!this.#transfer) this.#next();
  }

  /** Somebody is lost: a step that is under way is dropped, since without all there is no sum. */
  interrupt(): void {
    if (!this.#step) return;
    this.#step = undefined;
    this.#next();
  }

  /** Everything that follows from what is known by now. Errors: NOT_FINITE. */
  advance(): Outcome | undefined {
    if (this.#step) this.#advanceStep(this.#step);
    if (this.#evaluation) this.#advanceEvaluation(this.#evaluation);
    if (this.#transfer?.done) this.#saved(this.#transfer);
    return this.#outcome;
  }

  nextWork(): Work | undefined {
    return this.#step || this.#evaluation ? this.#participant.nextWork() : undefined;
  }

  /** Begins the next pass, unless the group is to be formed anew; or ends the run, with everything saved. */
  #next(): void {
    if (this.#hasChanged() && !this.#boundary.isEnding) {
      this.#outcome = { kind: 'reform' };
      return undefined;
    }
    const next = this.#boundary.next();
    switch (next.kind) {
      case 'end':
        this.#outcome = next;
        return undefined;
      case 'save': {
        const kept = layersKept(this.#options.training);
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
    // A step that is done is done on this node, whoever is lost next.
    this.#works.giveAtOnce({ kind: 'update', scalars });
    const done = step + 1;
    const until = this.#boundary.stepsTold;
    this.#outbox.add({ type: 'committed', step: done });
    if (done <= until) this.#outbox.report({ kind: 'replayed', step: done, until });
    else this.#outbox.report({ kind: 'step', step: done, epoch, loss, learningRate, samples });
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
    this.#boundary.evaluated(step);
    this.#next();
  }

  #saved({ step }: ReplicaTransfer): void {
    this.#transfer = undefined;
    this.#boundary.saved(step);
    this.#outbox.report({ kind: 'saved', step });
    this.#next();
  }
}
