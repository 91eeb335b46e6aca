// Seeds, one after the other: what fails is made as short as it can be.

import { plants } from './plants.ts';
import { runRing } from './ring.ts';
import type { Result } from './ring.ts';
import { drawScenario } from './scenario.ts';
import type { Scenario } from './scenario.ts';
import { shrink } from './shrink.ts';
import { Statistics } from './statistics.ts';

export interface Failure {
  readonly seed: number;
  readonly failure: string;
  readonly scenario: Scenario;
}

export interface FuzzOptions {
  readonly from: number;
  readonly seeds: number;
  readonly plant?: string;
  /** Stops after so many failures. */
  readonly most?: number;
  readonly progress?: (seed: number, failures: number) => void;
}

/** One scenario; an error that nobody expected is a failure too. */
export async function attempt(scenario: Scenario, plant?: string): Promise<Result> {
  try {
    return await runRing(scenario, plant === undefined ? undefined : plants[plant]);
  } catch (error) {
    const failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { outcome: 'failed', failure, statistics: new Statistics() };
  }
}

export async function fuzz({
  from,
  seeds,
  plant,
  most = Infinity,
  progress,
}: FuzzOptions): Promise<{ failures: readonly Failure[]; statistics: Statistics }> {
  const statistics = new Statistics();
  const failures: Failure[] = [];
  for (let seed = from; seed < from + seeds && failures.length < most; seed += 1) {
    const scenario = drawScenario(seed);
    const result = await attempt(scenario, plant);
    statistics.add(result.statistics);
    if (result.failure !== undefined) {
      const fails = async (each: Scenario): Promise<boolean> =>
        (await attempt(each, plant)).failure !== undefined;
      failures.push({ seed, failure: result.failure, scenario: await shrink(scenario, fails) });
    }
    progress?.(seed, failures.length);
  }
  return { failures, statistics };
}
