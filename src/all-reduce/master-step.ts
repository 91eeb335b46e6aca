// One step as the master of an all-reduce sees it: when every gradient is reduced and every part of the
// loss told, it decides whether the step is done and how far gradients are clipped. It holds the same
// sums as everyone, so nobody else need be asked.

import type { NodeId } from '../node.ts';
import type { Round } from '../machine/course.ts';
import { checkLoss, gradientFactor, onWire } from '../machine/gradients.ts';
import type { WorkQueue } from '../machine/work-queue.ts';
import type { Participant } from './participant.ts';

export interface StepOptions {
  /** Learning rate, and the scalars of the optimizer's update, at `step` (from 0). */
  readonly schedule: (step: number, gradientFactor: number) => StepScalars;
  readonly clipNorm?: number;
}

export interface StepScalars {
  readonly learningRate: number;
  readonly scalars: readonly number[];
}

/** What a step that is done comes to. */
export interface StepOutcome extends StepScalars {
  readonly loss: number;
}

export class MasterStep {
  readonly pass: Extract<Round, { kind: 'train' }>;
  readonly #options: StepOptions;
  readonly #workers: readonly NodeId[];
  /** Parts of the loss that workers have told. */
  readonly #losses = new Map<NodeId, number | null>();
  #normsAsked = false;
  #norms: readonly (number | null)[] | undefined;

  constructor(
    pass: Extract<Round, { kind: 'train' }>,
    options: StepOptions,
    workers: readonly NodeId[],
  ) {
    this.pass = pass;
    this.#options = options;
    this.#workers = workers;
  }

  told(worker: NodeId, loss: number | null): void {
    this.#losses.set(worker, loss);
  }

  measured(squaredNorms: readonly number[]): void {
    this.#norms = onWire(squaredNorms);
  }

  /** Undefined as long as something is missing. Errors: NOT_FINITE. */
  advance(participant: Participant, works: WorkQueue): StepOutcome | undefined {
    if (!participant.isReduced) return undefined;
    if (!this.#normsAsked) {
      this.#normsAsked = true;
      works.addUrgent({ kind: 'replicaNorms' });
    }
    if (!this.#norms || this.#losses.size < this.#workers.length) return undefined;
    const { step } = this.pass;
    // In the order of the workers, whoever told first.
    const parts = this.#workers.map((worker) => this.#losses.get(worker) ?? Number.NaN);
    const loss = parts.reduce((sum, part) => sum + part, participant.loss);
    checkLoss(step, loss);
    const factor = gradientFactor(step, this.#norms, this.#options.clipNorm);
    return { loss, ...this.#options.schedule(step, factor) };
  }
}
