// From conditions to trials in the order in which they are made, and back from trials to what is compared.
// Pure.

import type { Run } from './results.ts';
import type { Condition, Study, StudySetting, Trial } from './study.ts';

/** A trial that is to be made. */
export interface TrialRequest {
  readonly condition: Condition;
  readonly repeat: number;
  /** Of a search: whether the trials so far leave nothing to be found by it. */
  readonly isMoot?: (trials: readonly Trial[]) => boolean;
}

/** The same for two that are alike, whatever the order of their keys. */
export const identityOf = ({ condition, repeat }: TrialRequest): string =>
  `${repeat} ${conditionKey(condition)}`;

const conditionKey = (condition: Condition): string =>
  canonical({ ...condition, repeats: undefined });

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`).join(',')}}`;
}

export const areAlike = (a: Condition, b: Condition): boolean =>
  conditionKey(a) === conditionKey(b);

/** What has to be the same for two variants to be compared. */
export const settingOf = (condition: Condition): string =>
  canonical({ ...condition, variant: undefined, repeats: undefined });

/**
 * All trials of some studies, each once: a whole repeat before the next, so that an early end leaves whole
 * pairs; and within a pair the order of the variants turns from repeat to repeat, so that none always comes
 * after the same other. What is searched for comes last, once, in the order that its study gives.
 */
export function planTrials(
  studies: readonly Study[],
  setting: StudySetting,
  repeats: number,
): readonly TrialRequest[] {
  const compared = studies.filter(({ isMoot }) => !isMoot);
  const wanted = new Map<string, { readonly condition: Condition; times: number }>();
  for (const condition of compared.flatMap((study) => study.conditions(setting))) {
    const times = Math.min(repeats, condition.repeats ?? repeats);
    const known = wanted.get(conditionKey(condition));
    if (known) known.times = Math.max(known.times, times);
    else wanted.set(conditionKey(condition), { condition, times });
  }
  const repeated = Array.from({ length: repeats }, (_, at) => at + 1).flatMap((repeat) => {
    const due = [...wanted.values()].filter(({ times }) => times >= repeat);
    const groups = groupBy(due, ({ condition }) => settingOf(condition));
    return groups.flatMap((group) =>
      rotated(group, repeat - 1).map(({ condition }) => ({ condition, repeat })),
    );
  });
  const searched = studies.flatMap((study): TrialRequest[] => {
    const { isMoot } = study;
    if (!isMoot) return [];
    return study
      .conditions(setting)
      .filter((condition) => !wanted.has(conditionKey(condition)))
      .map((condition) => ({
        condition,
        repeat: 1,
        isMoot: (trials) => isMoot(condition, trials),
      }));
  });
  return [...repeated, ...searched];
}

const rotated = <Item>(items: readonly Item[], by: number): readonly Item[] => {
  const from = by % items.length;
  return [...items.slice(from), ...items.slice(0, from)];
};

/** Those among the trials that the study asked for. */
export function trialsOf(
  study: Study,
  setting: StudySetting,
  trials: readonly Trial[],
): readonly Trial[] {
  const own = new Set(study.conditions(setting).map(conditionKey));
  return trials.filter(({ condition }) => own.has(conditionKey(condition)));
}

/** A trial whose run came to its end. */
export type FinishedTrial = Trial & { readonly outcome: { readonly run: Run } };

export const isFinished = (trial: Trial): trial is FinishedTrial =>
  trial.outcome.kind === 'finished';

/** The repeats of each condition, in the order in which conditions first appear. */
export const byCondition = <Of extends Trial>(trials: readonly Of[]): readonly (readonly Of[])[] =>
  groupBy(trials, ({ condition }) => conditionKey(condition));

function groupBy<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
): readonly (readonly Item[])[] {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return [...groups.values()];
}

/**
 * A figure of two kinds of trials, pair by pair: trials of `first` and of `second` belong together where
 * they are of one repeat and `match` gives the same for both. Those without a partner are left out.
 */
export function pairs(
  first: readonly FinishedTrial[],
  second: readonly FinishedTrial[],
  figure: (trial: FinishedTrial) => number | undefined,
  match: (condition: Condition) => string = settingOf,
): { readonly a: readonly number[]; readonly b: readonly number[] } {
  const keyOf = ({ condition, repeat }: FinishedTrial): string => `${repeat} ${match(condition)}`;
  const partners = new Map(second.map((trial) => [keyOf(trial), trial]));
  const found = first.flatMap((trial) => {
    const partner = partners.get(keyOf(trial));
    const [a, b] = [figure(trial), partner && figure(partner)];
    return a === undefined || b === undefined ? [] : [[a, b] as const];
  });
  return { a: found.map(([a]) => a), b: found.map(([, b]) => b) };
}
