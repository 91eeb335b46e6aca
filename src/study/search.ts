// The largest size at which something still works, found in few runs: it begins where the limit is expected, then
// looks above and below in growing strides, and in between last. Pure.

import { lostNodes } from './recovery.ts';
import type { Condition, Trial } from './study.ts';
import { isFinished } from './trials.ts';

/**
 * The numbers from 0 to `count` - 1 in the order in which they are to be tried, if those are skipped that an earlier
 * one has answered: what is below one that works works, what is above one that fails fails.
 */
export function searchOrder(count: number, expected: number): readonly number[] {
  const start = Math.min(count - 1, Math.max(0, expected));
  const order = new Set([start]);
  const add = (at: number): void => {
    if (at >= 0 && at < count) order.add(at);
  };
  for (let stride = 1; stride < count; stride *= 2) {
    add(start + stride);
    add(start - stride);
  }
  // Halves, quarters, … of what the strides have left out.
  for (let step = 2 ** Math.floor(Math.log2(count)); step >= 1; step /= 2)
    for (let at = start % step; at < count; at += step) add(at);
  return [...order];
}

/** What is searched along, for a condition. */
export type SizeOf = (condition: Condition) => number;

/** Conditions of one search differ in their training alone. */
export const searchOf = (condition: Condition): string =>
  JSON.stringify({ ...condition, training: undefined });

/**
 * The training was carried out by all its nodes, and none took more memory than its device has, also where nobody
 * holds it to that.
 */
export function isCarriedOut(trial: Trial): boolean {
  if (!isFinished(trial)) return false;
  const { run } = trial.outcome;
  const allowed = Math.min(...trial.condition.devices.map(({ memoryBytes }) => memoryBytes));
  const isKept = trial.place.kind === 'lab';
  return (
    lostNodes(run) === 0 && (isKept || run.nodes.every((node) => node.peakMemoryBytes <= allowed))
  );
}

/** What a search has found so far. */
export interface Found {
  /** The largest that was carried out, and the smallest that was not. */
  readonly largest?: Trial;
  readonly tooLarge?: Trial;
}

export function findLimit(trials: readonly Trial[], sizeOf: SizeOf): Found {
  const sorted = trials.toSorted((a, b) => sizeOf(a.condition) - sizeOf(b.condition));
  const largest = sorted.findLast(isCarriedOut);
  const tooLarge = sorted.find((trial) => !isCarriedOut(trial));
  return { ...(largest && { largest }), ...(tooLarge && { tooLarge }) };
}

/** Whether trials of the same search have answered this condition. */
export function isAnswered(
  condition: Condition,
  trials: readonly Trial[],
  sizeOf: SizeOf,
): boolean {
  const search = searchOf(condition);
  const size = sizeOf(condition);
  return trials.some((trial) => {
    if (searchOf(trial.condition) !== search) return false;
    const other = sizeOf(trial.condition);
    return isCarriedOut(trial) ? other >= size : other <= size;
  });
}
