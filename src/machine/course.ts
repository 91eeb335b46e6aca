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
}

/** What there is to do when so many steps are done, beginning with what follows on the last of them. */
export type Course = (from: number) => Iterator<Pass>;

export const stepsPerEpoch = ({ trainCount, batch }: CourseSize): number =>
  Math.ceil(trainCount / batch);

/** Steps, and at the end of each epoch and of the run a look at the test set and a checkpoint. */
export const trainingCourse =
  (size: CourseSize): Course =>
  (from) =>
    passesOf(size, from);

function* passesOf(size: CourseSize, from: number): Generator<Pass> {
  const { trainCount, testCount, batch, steps } = size;
  const perEpoch = stepsPerEpoch(size);
  for (let done = from; ; done += 1) {
    const isEpochEnd = done % perEpoch === 0 || done === steps;
    if (done > 0 && isEpochEnd) {
      const epoch = Math.floor((done - 1) / perEpoch);
      if (testCount > 0) yield { kind: 'evaluate', step: done, epoch, rows: testCount };
      yield { kind: 'save', step: done };
    }
    if (done >= steps) return;
    const inEpoch = done % perEpoch;
    const rows = Math.min(batch, trainCount - inEpoch * batch);
    const epoch = Math.floor(done / perEpoch);
    yield { kind: 'train', step: done, epoch, batch: inEpoch, rows };
  }
}

/** The same where nobody keeps the model, which would have to come over every link. */
export const withoutSaves =
  (course: Course): Course =>
  (from) =>
    passesWithoutSaves(course(from));

function* passesWithoutSaves(passes: Iterator<Pass>): Generator<Pass> {
  for (let next = passes.next(); !next.done; next = passes.next())
    if (next.value.kind !== 'save') yield next.value;
}

/** One look at `rows` samples with the parameters as they are. */
export const evaluationCourse =
  (rows: number, step: number): Course =>
  () =>
    ([{ kind: 'evaluate', step, epoch: 0, rows }] as const).values();
