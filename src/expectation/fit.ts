// A device's constants from works that it was timed at: least squares with no constant below zero (Lawson
// and Hanson 1974), since no work takes time back. Solved by going through the constants in turn, which for
// seven of them is quick and needs no linear algebra.

import { demandUnits } from './demand.ts';
import type { Demand, DeviceSpeed } from './demand.ts';

export interface TimedDemand {
  readonly demand: Demand;
  readonly seconds: number;
}

const mostRounds = 20_000;
/** Ends when no constant changes the fitted times by more than this share. */
const tolerance = 1e-7;

export function fitSpeed(samples: readonly TimedDemand[]): DeviceSpeed {
  // An error of a tenth counts more in a long work than in a short one, but not as much more as the work
  // is longer, so that short works have a say in what a call costs.
  const weights = samples.map(({ seconds }) => seconds ** -0.6);
  const rows = samples.map(({ demand }, index) =>
    demandUnits.map((unit) => demand[unit] * weights[index]!),
  );
  const squares = demandUnits.map((_, unit) => rows.reduce((sum, row) => sum + row[unit]! ** 2, 0));
  const constants = demandUnits.map(() => 0);
  const errors = samples.map(({ seconds }, index) => seconds * weights[index]!);
  const scale = Math.hypot(...errors);
  for (let round = 0; round < mostRounds; round += 1) {
    let largest = 0;
    for (const [unit, square] of squares.entries()) {
      if (square === 0) continue;
      const gradient = rows.reduce((sum, row, index) => sum + row[unit]! * errors[index]!, 0);
      const next = Math.max(0, constants[unit]! + gradient / square);
      const change = next - constants[unit]!;
      constants[unit] = next;
      for (const [index, row] of rows.entries()) errors[index]! -= change * row[unit]!;
      largest = Math.max(largest, (Math.abs(change) * Math.sqrt(square)) / scale);
    }
    if (largest < tolerance) break;
  }
  return Object.fromEntries(
    demandUnits.map((unit, index) => [unit, constants[index]!]),
  ) as DeviceSpeed;
}
