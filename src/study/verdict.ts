// What came out of a comparison, in words: who was faster, idler, thriftier, and where the ring loses.
// A difference counts only if it is beyond the noise of the repeats and worth a word. Pure.

import type { Group, Metric } from './groups.ts';
import { groupRuns, metrics, valuesOf } from './groups.ts';
import { formatQuantity, formatTimes } from './quantity.ts';
import type { Comparison } from './results.ts';
import { mean, pairedDifference, pairedRatio } from './statistics.ts';

/** In one figure, those to which the subject's difference goes the same way. */
export interface Finding {
  readonly metric: Metric;
  readonly own: string;
  readonly others: readonly { readonly name: string; readonly value: string }[];
}

export interface Verdict {
  readonly headline: string;
  readonly sentences: readonly string[];
  /** Of the ring against each of the others; empty without a ring. */
  readonly better: readonly Finding[];
  readonly worse: readonly Finding[];
  readonly even: readonly Finding[];
}

export type Outcome = 'better' | 'worse' | 'even';

/** Less than this is no difference: of a quantity relatively, of a share in its own points. */
export const marginOf = (repeats: number): number => (repeats > 1 ? 0.02 : 0.05);
const marginOfShare = 0.005;

/** Undefined where one of the two has no such figure in any repeat that the other has. */
export function outcome(subject: Group, other: Group, metric: Metric): Outcome | undefined {
  const pairs = subject.runs.flatMap((run) => {
    const twin = other.runs.find(({ repeat }) => repeat === run.repeat);
    const [a, b] = [metric.of(run), twin && metric.of(twin)];
    return a === undefined || b === undefined ? [] : [[a, b] as const];
  });
  if (pairs.length === 0) return undefined;
  const [own, others] = [pairs.map(([a]) => a), pairs.map(([, b]) => b)];
  const more = metric.better === 'more' ? 'better' : 'worse';
  const less = metric.better === 'more' ? 'worse' : 'better';
  if (metric.quantity === 'share' || pairs.some(([a, b]) => a <= 0 || b <= 0)) {
    const { mean: difference, halfWidth = 0 } = pairedDifference(own, others);
    const margin = metric.quantity === 'share' ? marginOfShare : 0;
    if (Math.abs(difference) <= Math.max(margin, halfWidth)) return 'even';
    return difference > 0 ? more : less;
  }
  const { ratio, from = ratio, to = ratio } = pairedRatio(own, others);
  if (Math.abs(Math.log(ratio)) < Math.log1p(marginOf(pairs.length)) || (from <= 1 && to >= 1))
    return 'even';
  return ratio > 1 ? more : less;
}

const metric = (id: string): Metric => metrics.find((candidate) => candidate.id === id)!;
const time = metric('seconds');

const valueOf = (group: Group, of: Metric): string => {
  const text = formatQuantity(mean(valuesOf(group, of)), of.quantity);
  return of.id === 'rate' ? `${text} samples/s` : text;
};

export function judge(comparison: Comparison): Verdict {
  const groups = groupRuns(comparison);
  const ring = groups.find(({ architecture }) => architecture === 'ring');
  const others = groups.filter((group) => group !== ring);
  const findings = (wanted: Outcome): Finding[] =>
    ring === undefined
      ? []
      : metrics.flatMap((metric) => {
          const alike = others.filter((other) => outcome(ring, other, metric) === wanted);
          if (alike.length === 0) return [];
          const values = alike.map((other) => ({
            name: other.name,
            value: valueOf(other, metric),
          }));
          return [{ metric, own: valueOf(ring, metric), others: values }];
        });
  return {
    ...speak(ring, groups),
    better: findings('better'),
    worse: findings('worse'),
    even: findings('even'),
  };
}

const quickest = (groups: readonly Group[]): Group | undefined =>
  [...groups].sort((a, b) => mean(valuesOf(a, time)) - mean(valuesOf(b, time)))[0];

function speak(
  ring: Group | undefined,
  groups: readonly Group[],
): Pick<Verdict, 'headline' | 'sentences'> {
  const subject = ring ?? quickest(groups);
  if (!subject) return { headline: 'Nothing was compared.', sentences: [] };
  const alone = groups.find((group) => group.architecture === 'single' && group !== subject);
  const rivals = groups.filter((group) => group !== subject && group !== alone);
  const rival = quickest(rivals) ?? alone;
  if (!rival) return { headline: `Only ${theName(subject)} was run.`, sentences: [] };
  const sentences = ['idle', 'joules', 'bytes'].flatMap((id) =>
    contrast(subject, rival, metric(id)),
  );
  if (alone && alone !== rival) sentences.push(race(alone, subject), ...thrift(alone, subject));
  return { headline: race(subject, rival, rivals.length > 1), sentences };
}

/** Who finished first, and by how much. */
function race(subject: Group, other: Group, amongMany = false): string {
  const result = outcome(subject, other, time);
  const [own, theirs] = [mean(valuesOf(subject, time)), mean(valuesOf(other, time))];
  const among = amongMany ? ', the fastest of the others' : '';
  if (result === 'better')
    return sentence(
      `${theName(subject)} finished ${formatTimes(theirs / own)} times as fast as ${theName(other)}${among}`,
    );
  if (result === 'worse')
    return sentence(
      `${theName(subject)} took ${formatTimes(own / theirs)} times as long as ${theName(other)}${among}`,
    );
  return sentence(`${theName(subject)} and ${theName(other)}${among} took equally long`);
}

const phrases: Readonly<Record<string, string>> = {
  idle: 'Devices stood idle',
  joules: 'A sample cost',
  bytes: 'The network carried',
};

function contrast(subject: Group, other: Group, metric: Metric): string[] {
  const result = outcome(subject, other, metric);
  if (result === undefined) return [];
  const after = { idle: ' of the time', joules: '', bytes: ' per sample' }[metric.id] ?? '';
  const against =
    result === 'even'
      ? `, no different from ${theName(other)}`
      : `, against ${valueOf(other, metric)} with ${theName(other)}`;
  return [
    `${phrases[metric.id]} ${valueOf(subject, metric)}${after} with ${theName(subject)}${against}.`,
  ];
}

/** That one device is slow says half; that it is thrifty is said as well. */
function thrift(alone: Group, subject: Group): string[] {
  if (outcome(alone, subject, metric('joules')) !== 'better') return [];
  return [
    `It needed the fewest joules: ${valueOf(alone, metric('joules'))} a sample, if time does not matter and the model fits.`,
  ];
}

const theName = ({ architecture, name }: Group): string =>
  architecture === 'single' || architecture === 'all-reduce' ? name : `the ${name}`;

const sentence = (text: string): string => `${text[0]!.toUpperCase()}${text.slice(1)}.`;

/**
 * The widest relative gap between the loss curves of synchronous ways to train, at equal samples:
 * they differ by the rounding of sums only. Undefined where fewer than two can be compared.
 */
export function lossGap(
  groups: readonly Group[],
): { readonly names: readonly string[]; readonly gap: number } | undefined {
  const exact = groups.filter(
    ({ consistency }) => consistency === undefined || ['bsp', 'ssp:0'].includes(consistency),
  );
  const curves = exact.map(
    ({ runs }) => new Map(runs[0]!.steps.map(({ samples, loss }) => [samples, loss])),
  );
  const [first, ...rest] = curves;
  if (!first || rest.length === 0) return undefined;
  const gaps = [...first.keys()]
    .filter((samples) => rest.every((curve) => curve.has(samples)))
    .map((samples) => {
      const losses = curves.map((curve) => curve.get(samples)!);
      const least = Math.min(...losses);
      return (Math.max(...losses) - least) / Math.max(Math.abs(least), Number.MIN_VALUE);
    });
  if (gaps.length === 0) return undefined;
  return { names: exact.map(({ name }) => name), gap: Math.max(...gaps) };
}
