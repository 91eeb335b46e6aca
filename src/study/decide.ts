// Whether a hypothesis held: the interval of what was found, held against the threshold that was stated before.
// Pure.

import { formatTimes } from './quantity.ts';
import type { Estimate, Ratio } from './statistics.ts';
import type { Verdict } from './study.ts';

/** The values that the hypothesis speaks of. */
export interface Claim {
  readonly least: number;
  readonly most: number;
}

/** Held if the whole interval lies within the claim, not if all of it lies outside; one repeat has only its value. */
export function decide({ mean, halfWidth = 0 }: Estimate, { least, most }: Claim): Verdict {
  const [from, to] = [mean - halfWidth, mean + halfWidth];
  if (from >= least && to <= most) return 'held';
  if (to < least || from > most) return 'not held';
  return 'undecided';
}

/** The same of a ratio. */
export const decideRatio = ({ ratio, from = ratio, to = ratio }: Ratio, claim: Claim): Verdict =>
  decide({ mean: (from + to) / 2, halfWidth: (to - from) / 2 }, claim);

/** Of several hypotheses that are one together. */
export const allOf = (verdicts: readonly Verdict[]): Verdict => {
  if (verdicts.includes('not held')) return 'not held';
  return verdicts.length === 0 || verdicts.includes('undecided') ? 'undecided' : 'held';
};

/** Of a difference of shares: `−31.0 points (95 % interval −35.1 to −26.9)`. */
export function inPoints({ mean, halfWidth }: Estimate): string {
  const points = (share: number): string =>
    `${share < 0 ? '−' : '+'}${Math.abs(100 * share).toFixed(1)}`;
  const interval =
    halfWidth === undefined
      ? 'one pair'
      : `95 % interval ${points(mean - halfWidth)} to ${points(mean + halfWidth)}`;
  return `${points(mean)} points (${interval})`;
}

/** `2.4 times (95 % interval 2.1 to 2.7)` */
export function inTimes({ ratio, from, to }: Ratio): string {
  const times = (value: number): string =>
    value < 0.095 ? value.toPrecision(2) : formatTimes(value);
  const interval =
    from === undefined || to === undefined
      ? 'one pair'
      : `95 % interval ${times(from)} to ${times(to)}`;
  return `${times(ratio)} times (${interval})`;
}
