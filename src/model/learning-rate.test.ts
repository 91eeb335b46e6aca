import { expect, test } from 'vitest';
import { learningRateAt } from './learning-rate.ts';
import type { LearningRate } from './learning-rate.ts';

const rates = (schedule: LearningRate, steps: number) =>
  Array.from({ length: steps }, (_, index) => learningRateAt(schedule, index, steps));

test('constant, after a warm-up', () => {
  expect(rates({ schedule: 'constant', rate: 2, warmup: 0 }, 3)).toEqual([2, 2, 2]);
  expect(rates({ schedule: 'constant', rate: 2, warmup: 4 }, 6)).toEqual([0.5, 1, 1.5, 2, 2, 2]);
});

test('step falls every so many steps', () => {
  const schedule = { schedule: 'step', rate: 8, warmup: 0, every: 2, factor: 0.5 } as const;
  expect(rates(schedule, 6)).toEqual([8, 8, 4, 4, 2, 2]);
  expect(rates({ ...schedule, warmup: 2 }, 6)).toEqual([4, 8, 8, 4, 4, 2]);
});

test('cosine begins at the rate, is half-way in the middle and ends at the final rate', () => {
  const [first, , middle, , last] = rates(
    { schedule: 'cosine', rate: 1, warmup: 0, final: 0.2 },
    5,
  );
  expect(first).toBe(1);
  expect(middle).toBeCloseTo(0.6, 12);
  expect(last).toBeCloseTo(0.2, 12);
  expect(learningRateAt({ schedule: 'cosine', rate: 1, warmup: 3, final: 0 }, 8, 5)).toBeCloseTo(
    0,
    12,
  );
});
