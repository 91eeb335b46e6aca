// The order of a run: what the master leads the ring through, pass by pass. A pure sequence, so that
// the sampler's position follows from the step alone and a run can be taken up anywhere.

export type Pass =
  /** One optimizer step over `rows` samples: batch `batch` of the epoch's order. */
  | {
      readonly kind: 'train';
      readonly step: number;
      readonly epoch: number;
      readonly batch: number;
      readonly rows: number;
    }
  /** The test set, or the samples to predict. */
  | {
      readonly kind: 'evaluate';
      readonly step: number;
      readonly epoch: number;
      readonly rows: number;
    }
  | { readonly kind: 'save'; readonly step: number };

/** A pass that really goes round. */
export type Round = Exclude<Pass, { kind: 'save' }>;

export interface CourseSize {
  readonly trainCount: number;
  readonly testCount: number;
  readonly batch: number;
  readonly steps: number;
  /** Steps already done: a run that is taken up again. */
  readonly from?: number;
}

export const stepsPerEpoch = ({ trainCount, batch }: CourseSize): number =>
  Math.ceil(trainCount / batch);

/** Steps, and at the end of each epoch and of the run a look at the test set and a checkpoint. */
export function* trainingCourse(size: CourseSize): Generator<Pass> {
  const { trainCount, testCount, batch, steps } = size;
  const perEpoch = stepsPerEpoch(size);
  for (let step = size.from ?? 0; step < steps; step += 1) {
    const epoch = Math.floor(step / perEpoch);
    const inEpoch = step % perEpoch;
    const rows = Math.min(batch, trainCount - inEpoch * batch);
    yield { kind: 'train', step, epoch, batch: inEpoch, rows };
    if (inEpoch === perEpoch - 1 || step === steps - 1) {
      const done = step + 1;
      if (testCount > 0) yield { kind: 'evaluate', step: done, epoch, rows: testCount };
      yield { kind: 'save', step: done };
    }
  }
}

/** One look at `rows` samples with the parameters as they are. */
export function* evaluationCourse(rows: number, step: number): Generator<Pass> {
  yield { kind: 'evaluate', step, epoch: 0, rows };
}
