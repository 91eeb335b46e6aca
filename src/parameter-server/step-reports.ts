// What is told of steps: each once, in order, when all workers have done it; one that is done again is
// told so.

import type { NodeId } from '../node.ts';
import type { Boundary } from '../machine/boundary.ts';
import type { Pass } from '../machine/course.ts';
import type { Outbox } from '../machine/outbox.ts';
import type { Schedule } from './scalars.ts';
import type { StepLosses } from './step-losses.ts';

type TrainPass = Extract<Pass, { kind: 'train' }>;

export interface StepReportRoutes {
  readonly boundary: Boundary;
  readonly schedule: Schedule;
  readonly losses: StepLosses;
  readonly outbox: Outbox;
}

export class StepReports {
  readonly #routes: StepReportRoutes;
  readonly #passes = new Map<number, TrainPass>();
  /** Steps that were told. */
  done: number;

  constructor(first: number, routes: StepReportRoutes) {
    this.done = first;
    this.#routes = routes;
  }

  /** A step was given to somebody. */
  given(pass: TrainPass): void {
    this.#passes.set(pass.step, pass);
  }

  /** Rows of the batch of a step that was given and not told yet. */
  rowsOf(step: number): number | undefined {
    return this.#passes.get(step)?.rows;
  }

  /** All steps up to this one are done; `workers`: everyone who ever shared one. */
  tell(upTo: number, workers: readonly NodeId[]): void {
    for (; this.done < upTo; this.done += 1) this.#tell(this.#passes.get(this.done)!, workers);
  }

  #tell({ step: index, epoch, rows: samples }: TrainPass, workers: readonly NodeId[]): void {
    const { boundary, schedule, losses, outbox } = this.#routes;
    this.#passes.delete(index);
    const loss = losses.take(index, workers, samples);
    const until = boundary.stepsTold;
    const { learningRate } = schedule(index, 1, index);
    const step = index + 1;
    if (step <= until) outbox.report({ kind: 'replayed', step, until });
    else outbox.report({ kind: 'step', step, epoch, loss, learningRate, samples });
    boundary.told(index);
  }
}
