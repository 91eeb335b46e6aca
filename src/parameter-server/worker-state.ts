// What the master keeps of each worker.

import { Crew } from './crew.ts';

export interface WorkerState {
  /** The steps that it was given, and who shares each. */
  readonly crew: Crew;
  granted: number;
  /** Steps whose loss it has told; the step that it has all parameters for. */
  done: number;
  settled: number | undefined;
  staleness: {
    readonly pushes: number;
    readonly staleness: number;
    readonly stalest: number;
  };
}

/** Of a worker whose first step is `step`. */
export const newWorker = (step: number): WorkerState => ({
  crew: new Crew(),
  granted: step,
  done: step,
  settled: undefined,
  staleness: { pushes: 0, staleness: 0, stalest: 0 },
});

/** Of all pushes so far: how many updates came between a worker's pull and its push. */
export interface Staleness {
  readonly pushes: number;
  readonly mean: number;
  readonly most: number;
}

export function stalenessOf(workers: readonly WorkerState[]): Staleness {
  let [pushes, sum, most] = [0, 0, 0];
  for (const { staleness } of workers) {
    pushes += staleness.pushes;
    sum += staleness.staleness;
    most = Math.max(most, staleness.stalest);
  }
  return { pushes, mean: pushes > 0 ? sum / pushes : 0, most };
}
