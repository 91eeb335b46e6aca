import { expect, test } from 'vitest';

import { Boundary } from './boundary.ts';
import { evaluationCourse, trainingCourse } from './course.ts';

const interrupted = { code: 'INTERRUPTED', reason: 'enough' } as const;
const training = trainingCourse({ trainCount: 8, testCount: 3, batch: 4, steps: 3 });

test('steps, and at the end of each epoch and of the run a look at the test set and a checkpoint', () => {
  const boundary = new Boundary(training);
  const kinds = Array.from({ length: 8 }, () => boundary.next().kind);
  expect(kinds).toEqual(['train', 'train', 'evaluate', 'save', 'train', 'evaluate', 'save', 'end']);
});

test('a save that is due comes at the next boundary, and once', () => {
  const boundary = new Boundary(training);
  boundary.next();
  boundary.saveIsDue();
  boundary.saveIsDue();
  boundary.committed(0);
  expect(boundary.next()).toEqual({ kind: 'save', step: 1 });
  boundary.saved(1);
  expect(boundary.next()).toMatchObject({ kind: 'train', step: 1 });
});

test('a save that falls due right after a checkpoint does nothing, then or later', () => {
  const boundary = new Boundary(training, 2, { step: 2, evaluated: 2 });
  boundary.saveIsDue();
  expect(boundary.next()).toMatchObject({ kind: 'train', step: 2, epoch: 1, batch: 0 });
  boundary.committed(2);
  expect(boundary.next()).toMatchObject({ kind: 'evaluate', step: 3 });
});

test('an end waits for what is committed to be saved', () => {
  const boundary = new Boundary(training);
  boundary.next();
  boundary.committed(0);
  boundary.next();
  boundary.endWith(interrupted);
  expect(boundary.isEnding).toBe(true);
  expect(boundary.next()).toEqual({ kind: 'save', step: 1 });
  boundary.saved(1);
  expect(boundary.next()).toEqual({ kind: 'end', error: interrupted });
});

test('parameters that were only used are not saved', () => {
  const boundary = new Boundary(evaluationCourse(5, 7), 7);
  expect(boundary.next()).toEqual({ kind: 'evaluate', step: 7, epoch: 0, rows: 5 });
  boundary.endWith(interrupted);
  expect(boundary.next()).toEqual({ kind: 'end', error: interrupted });
});

test('what is done again is neither evaluated nor saved again', () => {
  const boundary = new Boundary(training);
  for (const step of [0, 1]) {
    expect(boundary.next()).toMatchObject({ kind: 'train', step });
    boundary.committed(step);
  }
  expect(boundary.next()).toMatchObject({ kind: 'evaluate', step: 2 });
  boundary.evaluated(2);
  boundary.backTo(1);
  expect([boundary.stepsDone, boundary.stepsTold]).toEqual([1, 2]);
  expect(boundary.next()).toMatchObject({ kind: 'train', step: 1 });
  boundary.committed(1);
  expect(boundary.next()).toEqual({ kind: 'save', step: 2 });
});

test('what follows on the last step done is not forgotten by going back to it', () => {
  const boundary = new Boundary(training);
  boundary.committed(0);
  boundary.committed(1);
  boundary.backTo(2);
  expect(boundary.next()).toMatchObject({ kind: 'evaluate', step: 2, epoch: 0 });
});
