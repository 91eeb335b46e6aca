import { expect, test } from 'vitest';

import { allOf, decide, decideRatio, inPoints, inTimes } from './decide.ts';

const atMost = (most: number) => ({ least: -Infinity, most });

test.each([
  ['the whole interval is within', { mean: -0.3, halfWidth: 0.1 }, 'held'],
  ['the whole interval is outside', { mean: 0.3, halfWidth: 0.1 }, 'not held'],
  ['the threshold is within the interval', { mean: -0.15, halfWidth: 0.1 }, 'undecided'],
  ['one repeat has only its value', { mean: -0.15 }, 'held'],
] as const)('%s', (_, estimate, verdict) => {
  expect(decide(estimate, atMost(-0.1))).toBe(verdict);
});

test('a ratio is judged by its own interval, which is not symmetric', () => {
  expect(decideRatio({ ratio: 2, from: 1.4, to: 3 }, { least: 1.5, most: Infinity })).toBe(
    'undecided',
  );
  expect(decideRatio({ ratio: 2, from: 1.6, to: 3 }, { least: 1.5, most: Infinity })).toBe('held');
});

test('of several claims all must hold, and one that fails is enough', () => {
  expect(allOf(['held', 'held'])).toBe('held');
  expect(allOf(['held', 'undecided'])).toBe('undecided');
  expect(allOf(['undecided', 'not held'])).toBe('not held');
  expect(allOf([])).toBe('undecided');
});

test('an effect is said with its interval', () => {
  expect(inPoints({ mean: -0.31, halfWidth: 0.042 })).toBe(
    '−31.0 points (95 % interval −35.2 to −26.8)',
  );
  expect(inPoints({ mean: 0.05 })).toBe('+5.0 points (one pair)');
  expect(inTimes({ ratio: 2.44, from: 2.1, to: 2.8 })).toBe('2.4 times (95 % interval 2.1 to 2.8)');
});
