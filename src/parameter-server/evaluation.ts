// A look at the test set between two steps, with the master's own replica. Where others may have pushed
// since it last pulled, it pulls first.

import type { Next } from '../machine/boundary.ts';
import type { Outbox } from '../machine/outbox.ts';
import type { WorkerPart } from './worker-part.ts';

export class Evaluation {
  readonly #pass: Extract<Next, { kind: 'evaluate' }>;
  readonly #worker: WorkerPart;
  readonly #outbox: Outbox;
  isDone = false;

  constructor(
    pass: Extract<Next, { kind: 'evaluate' }>,
    worker: WorkerPart,
    isFresh: boolean,
    outbox: Outbox,
  ) {
    this.#pass = pass;
    this.#worker = worker;
    this.#outbox = outbox;
    if (!isFresh) worker.refresh();
  }

  /** Steps that are done. */
  get step(): number {
    return this.#pass.step;
  }

  /** Does what follows from what is known by now. */
  advance(): void {
    const { step, epoch, rows: samples } = this.#pass;
    if (!this.#worker.isFresh) return;
    if (!this.#worker.isEvaluating) return this.#worker.evaluate(step, samples);
    const outcome = this.#worker.evaluated();
    if (!outcome) return;
    this.isDone = true;
    const { loss, correct } = outcome;
    const accuracy = correct === undefined ? {} : { accuracy: correct / samples };
    this.#outbox.report({ kind: 'evaluated', step, epoch, samples, loss, ...accuracy });
  }
}
