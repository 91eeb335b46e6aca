import { describe, expect, test } from 'vitest';

import {
  estimate,
  mean,
  median,
  pairedDifference,
  pairedRatio,
  sampleStandardDeviation,
  studentQuantile,
} from './statistics.ts';

describe('one sample', () => {
  test('its middle', () => {
    expect(mean([1, 2, 6])).toBe(3);
    expect(median([9, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([7])).toBe(7);
    expect(median([])).toBeNaN();
    expect(mean([])).toBeNaN();
  });

  test('its deviation, with one degree of freedom spent on the mean', () => {
    expect(sampleStandardDeviation([2, 4, 4, 4, 5, 5, 7, 9])).toBeCloseTo(Math.sqrt(32 / 7), 12);
    expect(sampleStandardDeviation([3])).toBeNaN();
  });

  test('is left in the order in which it came', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });
});

describe('Student’s t', () => {
  test.each([
    [1, 12.706],
    [2, 4.303],
    [4, 2.776],
    [10, 2.228],
    [11, 2.201],
    [20, 2.086],
    [30, 2.042],
    [120, 1.98],
  ])('with %i degrees of freedom is %f', (degreesOfFreedom, quantile) => {
    expect(studentQuantile(degreesOfFreedom)).toBeCloseTo(quantile, 3);
  });

  test('the interval of 1, 2, 3 is 2 ± 2.484', () => {
    const { mean, halfWidth } = estimate([1, 2, 3]);
    expect(mean).toBe(2);
    expect(halfWidth).toBeCloseTo(4.3027 / Math.sqrt(3), 6);
  });

  test('one value has no interval', () => {
    expect(estimate([5])).toEqual({ mean: 5 });
  });
});

describe('pairs', () => {
  test('take out what befell both', () => {
    const difference = pairedDifference([11, 21, 31], [10, 20, 30]);
    expect(difference).toEqual({ mean: 1, halfWidth: 0 });
  });

  test('a ratio and its interval are the same turned round', () => {
    const [a, b] = [
      [2, 3, 4],
      [1, 1.4, 2.1],
    ];
    const there = pairedRatio(a, b);
    const back = pairedRatio(b, a);
    expect(there.ratio).toBeCloseTo(Math.cbrt((2 * 3 * 4) / (1 * 1.4 * 2.1)), 12);
    expect(back.ratio).toBeCloseTo(1 / there.ratio, 12);
    expect(back.from).toBeCloseTo(1 / there.to!, 12);
    const single = pairedRatio([3], [2]);
    expect(single.ratio).toBeCloseTo(1.5, 12);
    expect(single).not.toHaveProperty('from');
  });

  test('a tail without its pair is left out', () => {
    expect(pairedDifference([3, 4, 100], [1, 2]).mean).toBe(2);
    expect(pairedDifference([3], [1, 2, 3]).mean).toBe(2);
  });
});
