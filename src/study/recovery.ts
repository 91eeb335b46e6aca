// What a run that was disturbed says of how it got over it. Pure.

import type { Disturbance } from './faults.ts';
import type { Run } from './results.ts';
import { median } from './statistics.ts';

const disturbancesOf = <Kind extends Disturbance['kind']>(
  { disturbances = [] }: Run,
  kind: Kind,
): readonly Extract<Disturbance, { kind: Kind }>[] =>
  disturbances.filter((each) => each.kind === kind) as Extract<Disturbance, { kind: Kind }>[];

/** Since the run's begin; undefined where nothing was taken away. */
export const firstFaultSeconds = (run: Run): number | undefined =>
  disturbancesOf(run, 'fault')[0]?.seconds;

/** How many nodes were given up. */
export const lostNodes = (run: Run): number => disturbancesOf(run, 'lost').length;

/** Steps that were done again because a node was lost. */
export const replayedSteps = (run: Run): number =>
  disturbancesOf(run, 'reformed')
    .filter(({ cause }) => cause === 'lost')
    .reduce((sum, { replay }) => sum + replay, 0);

export const samplesOf = ({ steps }: Run): number => steps.at(-1)?.samples ?? 0;

/**
 * How long the training stood still for the fault: the longest time between two new steps from the first fault
 * on, less what a step took before. Steps that are done again are no new ones. Undefined without a fault, and
 * where no step came before it or after it.
 */
export function stallSeconds(run: Run): number | undefined {
  const fault = firstFaultSeconds(run);
  if (fault === undefined) return undefined;
  const gaps = run.steps.slice(1).map(({ seconds }, at) => {
    const from = run.steps[at]!.seconds;
    return { seconds, taken: seconds - from };
  });
  const before = gaps.filter(({ seconds }) => seconds <= fault).map(({ taken }) => taken);
  const after = gaps.filter(({ seconds }) => seconds > fault).map(({ taken }) => taken);
  if (before.length === 0 || after.length === 0) return undefined;
  return Math.max(0, Math.max(...after) - median(before));
}
