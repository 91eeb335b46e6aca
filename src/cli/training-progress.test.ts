import { expect, test } from 'vitest';
import type { Report } from '../node.ts';
import { TrainingProgress } from './training-progress.ts';

const step = (number: number): Report => ({
  kind: 'step',
  step: number,
  epoch: 0,
  loss: 1 / number,
  learningRate: 0.1,
  samples: 50,
});

test('steps are timed without what lies between them; metrics are a line a step and an epoch', () => {
  let now = 0;
  const progress = new TrainingProgress(4, () => now);
  now = 5000;
  expect(progress.take({ kind: 'formed', nodes: [] })).toBeUndefined();
  now = 6000;
  expect(progress.take(step(1))).toEqual({
    step: 1,
    epoch: 0,
    loss: 1,
    learningRate: 0.1,
    samplesPerSecond: 50,
  });
  now = 9000;
  const tested = { kind: 'evaluated', step: 1, epoch: 0, samples: 20 } as const;
  expect(progress.take({ ...tested, loss: 2, accuracy: 0.5 })).toEqual({
    step: 1,
    epoch: 0,
    testLoss: 2,
    testAccuracy: 0.5,
  });
  expect(progress.take({ kind: 'saved', step: 1 })).toBeUndefined();
  now = 9500;
  expect(progress.take(step(2))).toMatchObject({ step: 2, samplesPerSecond: 100 });
  expect(progress).toMatchObject({ step: 2, samples: 100, savedStep: 1, accuracy: 0.5 });
  expect(progress.trainingSeconds).toBeCloseTo(1.5);
  expect(progress.seconds).toBeCloseTo(4.5);
  expect(progress.secondsLeft).toBeCloseTo(4.5);
  expect(progress.pace.samplesPerSecond).toBeGreaterThan(50);
  expect(progress.pace.samplesPerSecond).toBeLessThan(100);
});
