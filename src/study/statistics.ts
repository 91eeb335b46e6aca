// Statistics of a few repeats. Intervals are Student's: with three repeats the normal distribution
// would promise more than twice the certainty there is. Pure.

const sum = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0);

/** NaN without values. */
export const mean = (values: readonly number[]): number => sum(values) / values.length;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? sorted[middle]!
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

/** With n - 1 in the denominator; NaN of fewer than two values. */
export function sampleStandardDeviation(values: readonly number[]): number {
  const centre = mean(values);
  return Math.sqrt(sum(values.map((value) => (value - centre) ** 2)) / (values.length - 1));
}

/** Quantile 0.975 of Student's t for 1, 2, … degrees of freedom (any table of it). */
const studentQuantiles = [
  12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306, 2.2622, 2.2281,
];
const normalQuantile = 1.959964;

/** Half of a two-sided 95 % interval holds this many standard errors. */
export function studentQuantile(degreesOfFreedom: number): number {
  const known = studentQuantiles[degreesOfFreedom - 1];
  if (known !== undefined) return known;
  // Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.5.
  const z = normalQuantile;
  const v = degreesOfFreedom;
  return (
    z +
    (z ** 3 + z) / (4 * v) +
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * v ** 2) +
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * v ** 3)
  );
}

/** The true mean lies within `halfWidth` of `mean`, 19 times out of 20; one value says nothing of that. */
export interface Estimate {
  readonly mean: number;
  readonly halfWidth?: number;
}

export function estimate(values: readonly number[]): Estimate {
  const count = values.length;
  if (count < 2) return { mean: mean(values) };
  const halfWidth =
    (studentQuantile(count - 1) * sampleStandardDeviation(values)) / Math.sqrt(count);
  return { mean: mean(values), halfWidth };
}

/** Of a - b, pair by pair, which takes out whatever befell both. Of unpaired tails nothing is used. */
export const pairedDifference = (a: readonly number[], b: readonly number[]): Estimate =>
  estimate(a.slice(0, b.length).map((value, at) => value - b[at]!));

export interface Ratio {
  readonly ratio: number;
  /** The 95 % interval; absent of one pair. */
  readonly from?: number;
  readonly to?: number;
}

/** Of a / b, pair by pair, as the geometric mean: twice as much and half as much are as far from even. Of positive values. */
export function pairedRatio(a: readonly number[], b: readonly number[]): Ratio {
  const logs = pairedDifference(a.map(Math.log), b.map(Math.log));
  if (logs.halfWidth === undefined) return { ratio: Math.exp(logs.mean) };
  return {
    ratio: Math.exp(logs.mean),
    from: Math.exp(logs.mean - logs.halfWidth),
    to: Math.exp(logs.mean + logs.halfWidth),
  };
}
