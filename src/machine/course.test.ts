import { expect, test } from 'vitest';

import { trainingCourse, withoutSaves } from './course.ts';
import type { Course } from './course.ts';

const training = trainingCourse({ trainCount: 8, testCount: 3, batch: 4, steps: 3 });

const kindsOf = (course: Course, from: number): string[] => {
  const kinds: string[] = [];
  const passes = course(from);
  for (let next = passes.next(); !next.done; next = passes.next()) kinds.push(next.value.kind);
  return kinds;
};

test('at the end of each epoch and of the run the model is tested and saved', () => {
  const whole = ['train', 'train', 'evaluate', 'save', 'train', 'evaluate', 'save'];
  expect(kindsOf(training, 0)).toEqual(whole);
  expect(kindsOf(training, 2)).toEqual(whole.slice(2));
});

test('without saves all else stays, wherever it is taken up', () => {
  const whole = ['train', 'train', 'evaluate', 'train', 'evaluate'];
  expect(kindsOf(withoutSaves(training), 0)).toEqual(whole);
  expect(kindsOf(withoutSaves(training), 2)).toEqual(whole.slice(2));
});
