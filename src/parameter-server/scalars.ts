// The numbers that updates take, computed by the master and sent to the servers ahead of need: of the
// learning rate, which follows the step, and of the optimizer, whose count is that of a key's updates.
// Under bsp an update is a step. Otherwise every push is one, and n workers' pushes make a step.

export interface StepScalars {
  readonly learningRate: number;
  readonly scalars: readonly number[];
}

/** Learning rate and scalars of update `update` (from 0) in step `step` with gradients times `factor`. */
export type Schedule = (step: number, factor: number, update: number) => StepScalars;

export class UpdateScalars {
  readonly #schedule: Schedule;
  /** From this update on, so many workers make a step; it belongs to step `step`. */
  #since: { readonly update: number; readonly step: number; readonly workers: number };
  #sent: number;

  /** `update`, `step`: the first that there will be. */
  constructor(schedule: Schedule, workers: number, update = 0, step = 0) {
    this.#schedule = schedule;
    this.#sent = update;
    this.#since = { update, step, workers };
  }

  /** The number of workers has changed; what was sent already is as it was. */
  setWorkers(workers: number): void {
    this.#since = { update: this.#sent, step: this.#stepOf(this.#sent), workers };
  }

  #stepOf(update: number): number {
    const { update: first, step, workers } = this.#since;
    return step + Math.floor((update - first) / workers);
  }

  /** Those of the updates before `upTo` that were not given yet, with the number of the first. */
  next(upTo: number): { readonly update: number; readonly scalars: number[][] } | undefined {
    if (upTo <= this.#sent) return undefined;
    const update = this.#sent;
    const scalars: number[][] = [];
    for (; this.#sent < upTo; this.#sent += 1)
      scalars.push([...this.#schedule(this.#stepOf(this.#sent), 1, this.#sent).scalars]);
    return { update, scalars };
  }
}
