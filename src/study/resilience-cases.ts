// The trials of the study of resilience, by what happened and by how was trained, each beside an undisturbed one.
// Pure.

import { samplesOf, stallSeconds } from './recovery.ts';
import { conditionOf, quiet, scenariosOf, shortAbsenceSeconds } from './resilience-scenarios.ts';
import type { Scenario } from './resilience-scenarios.ts';
import type { StudyResults, Trial, Variant } from './study.ts';
import { areAlike, isFinished } from './trials.ts';
import type { FinishedTrial } from './trials.ts';

/** The trials of one scenario and way to train, each with the undisturbed one of its repeat. */
export interface Case {
  readonly scenario: Scenario;
  readonly variant: Variant;
  readonly trials: readonly Trial[];
  readonly finished: readonly FinishedTrial[];
  readonly quiet: readonly (FinishedTrial | undefined)[];
}

export function casesOf({ setting, trials }: StudyResults): readonly Case[] {
  const matching = (scenario: Scenario, variant: Variant): readonly Trial[] => {
    const condition = conditionOf(setting, scenario, variant);
    return trials.filter((trial) => areAlike(trial.condition, condition));
  };
  return scenariosOf(setting).flatMap((scenario) =>
    scenario.variants.flatMap((variant) => {
      const own = matching(scenario, variant);
      const undisturbed = matching(quiet, variant).filter(isFinished);
      const finished = own.filter(isFinished);
      const partnerOf = ({ repeat }: Trial): FinishedTrial | undefined =>
        undisturbed.find((trial) => trial.repeat === repeat);
      return own.length === 0
        ? []
        : [{ scenario, variant, trials: own, finished, quiet: finished.map(partnerOf) }];
    }),
  );
}

export const isRing = ({ variant }: Case): boolean => variant.architecture === 'ring';
export const isDisturbed = ({ scenario }: Case): boolean => scenario.faults.length > 0;
export const isBrief = ({ scenario: { faults } }: Case): boolean =>
  faults.every(({ seconds }) => seconds === shortAbsenceSeconds);

export const known = (values: readonly (number | undefined)[]): readonly number[] =>
  values.filter((value) => value !== undefined);
export const stalls = ({ finished }: Case): readonly number[] =>
  known(finished.map(({ outcome }) => stallSeconds(outcome.run)));

/** In each trial: less than nothing is better than undisturbed. */
export const lossDifferences = ({ finished, quiet: undisturbed }: Case): readonly number[] =>
  known(
    finished.map(({ outcome }, at) => {
      const partner = undisturbed[at];
      return partner && outcome.run.finalLoss - partner.outcome.run.finalLoss;
    }),
  );

export const lostSamples = ({ finished, quiet: undisturbed }: Case): readonly number[] =>
  known(
    finished.map(({ outcome }, at) => {
      const partner = undisturbed[at];
      return partner && samplesOf(partner.outcome.run) - samplesOf(outcome.run);
    }),
  );

export const most = (values: readonly number[]): number => Math.max(0, ...values);
