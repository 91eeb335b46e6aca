// Readings folded into joules. Between two readings watts are taken to change evenly (the trapezoid
// rule), whatever the interval; time at whose ends the source could not be read is told apart instead
// of being guessed. Pure.

import type { EnergyParts, EnergyReport, PowerReading, PowerSource } from '../ports.ts';

/** What came of reading a source at a time of the caller's clock. */
export interface PowerSample {
  readonly seconds: number;
  readonly result: PowerReading | { readonly failure: string };
}

export interface Accumulated {
  readonly joules: number;
  readonly parts?: EnergyParts;
  readonly seconds: number;
  readonly missed?: { readonly seconds: number; readonly reason: string };
  readonly last?: PowerSample;
}

export const nothingYet: Accumulated = { joules: 0, seconds: 0 };

/** Adds the time from the last sample to this one; the first only begins. */
export function accumulate(sum: Accumulated, sample: PowerSample): Accumulated {
  const { last } = sum;
  if (!last) return { ...sum, last: sample };
  const seconds = sample.seconds - last.seconds;
  const from = last.result;
  const to = sample.result;
  if ('watts' in from && 'watts' in to) {
    const joules = (seconds * (from.watts + to.watts)) / 2;
    return { ...sum, joules: sum.joules + joules, seconds: sum.seconds + seconds, last: sample };
  }
  if ('joules' in from && 'joules' in to) {
    const joules = sum.joules + to.joules - from.joules;
    const parts = addDifference(sum.parts, from.parts, to.parts);
    return {
      ...sum,
      joules,
      ...(parts && { parts }),
      seconds: sum.seconds + seconds,
      last: sample,
    };
  }
  const failure = [to, from].find((result) => 'failure' in result)?.failure;
  const missed = {
    seconds: (sum.missed?.seconds ?? 0) + seconds,
    reason: sum.missed?.reason ?? failure ?? 'the source changed what it reports',
  };
  return { ...sum, missed, last: sample };
}

function addDifference(
  sum: EnergyParts | undefined,
  from: EnergyParts | undefined,
  to: EnergyParts | undefined,
): EnergyParts | undefined {
  if (!from || !to) return undefined;
  const added = (part: keyof EnergyParts): number => (sum?.[part] ?? 0) + to[part] - from[part];
  return {
    floorJoules: added('floorJoules'),
    computeJoules: added('computeJoules'),
    radioJoules: added('radioJoules'),
  };
}

/**
 * What was accumulated, as a report. `idleWatts` is what the same sensor showed before the work began;
 * with it, a measured total is told apart into floor and margin. (The margin may come out below zero:
 * then the work drowned in the noise.)
 */
export function reportOf(source: PowerSource, sum: Accumulated, idleWatts?: number): EnergyReport {
  const { kind, name, errorBand } = source;
  const { joules, parts, seconds, missed } = sum;
  const floorJoules =
    parts?.floorJoules ?? (idleWatts === undefined ? undefined : idleWatts * seconds);
  return {
    kind,
    source: name,
    ...(errorBand && { errorBand }),
    total: joules,
    seconds,
    ...(missed && { missed }),
    ...(floorJoules !== undefined && { floorJoules, marginalJoules: joules - floorJoules }),
    ...(parts && { computeJoules: parts.computeJoules, radioJoules: parts.radioJoules }),
  };
}
