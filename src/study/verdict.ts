// What came out of a comparison, in words: who was faster, idler, thriftier, and where the ring loses.
// A difference counts only if it is beyond the noise of the repeats and worth a word. Pure.

import type { Group, Metric } from './groups.ts';
import { groupRuns, metrics, valuesOf } from './groups.ts';
import { formatQuantity, formatTimes } from './quantity.ts';
import { energiesOf } from './results.ts';
import type { Comparison } from './results.ts';
import { mean, pairedDifference, pairedRatio } from './statistics.ts';

export interface Verdict {
  readonly headline: string;
  readonly sentences: readonly string[];
  /** Of the ring, figure by figure; empty without a ring. */
  readonly findings: readonly Finding[];
}

export interface Finding {
  readonly metric: Metric;
  readonly own: string;
  readonly against: readonly Contrast[];
}

export interface Contrast {
  readonly group: Group;
  readonly value: string;
  /** How the ring's differs: `-28 %`, `+1.2 points`. */
  readonly difference: string;
  readonly outcome: Outcome;
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
  const findings = ring ? findingsOf(ring, groups) : [];
  const { headline, sentences } = speak(ring, groups);
  return { headline, sentences: [...sentences, ...losses(findings)], findings };
}

/** Samples per second say again what the time does. */
const judged = metrics.filter(({ id }) => id !== 'rate');

function findingsOf(ring: Group, groups: readonly Group[]): Finding[] {
  const others = groups.filter((group) => group !== ring);
  return judged.flatMap((metric) => {
    const against = others.flatMap((group) => {
      const result = alone(group, metric) ? undefined : outcome(ring, group, metric);
      if (result === undefined) return [];
      return [
        {
          group,
          value: valueOf(group, metric),
          difference: differenceOf(ring, group, metric),
          outcome: result,
        },
      ];
    });
    return against.length > 0 ? [{ metric, own: valueOf(ring, metric), against }] : [];
  });
}

/** One device waits for nobody and sends nothing: to be worse than that is no news. */
const alone = ({ architecture }: Group, { id }: Metric): boolean =>
  architecture === 'single' && (id === 'idle' || id === 'bytes');

function differenceOf(subject: Group, other: Group, metric: Metric): string {
  const [own, theirs] = [mean(valuesOf(subject, metric)), mean(valuesOf(other, metric))];
  const sign = own < theirs ? '−' : '+';
  if (metric.quantity === 'share')
    return `${sign}${(100 * Math.abs(own - theirs)).toFixed(1)} points`;
  if (theirs === 0) return `${sign}${formatQuantity(Math.abs(own), metric.quantity)}`;
  const percent = 100 * Math.abs(own / theirs - 1);
  return `${sign}${percent.toFixed(percent < 9.95 ? 1 : 0)} %`;
}

/** In one sentence, where the ring was worse, and what the best of the others came to. */
function losses(findings: readonly Finding[]): string[] {
  if (findings.length === 0) return [];
  const lost = findings.flatMap(({ metric, own, against }) => {
    const [best] = against
      .filter(({ outcome }) => outcome === 'worse')
      .map(({ group, value }) => ({ group, value, mean: mean(valuesOf(group, metric)) }))
      .sort((a, b) => (metric.better === 'less' ? a.mean - b.mean : b.mean - a.mean));
    return best ? [`${metric.name} (${own}; ${theName(best.group)} ${best.value})`] : [];
  });
  return lost.length === 0
    ? ['The ring loses in no figure to any of the others.']
    : [`Where the ring loses: ${enumerate(lost)}.`];
}

const quickest = (groups: readonly Group[]): Group | undefined =>
  [...groups].sort((a, b) => mean(valuesOf(a, time)) - mean(valuesOf(b, time)))[0];

function speak(
  ring: Group | undefined,
  groups: readonly Group[],
): Pick<Verdict, 'headline' | 'sentences'> {
  const subject = ring ?? quickest(groups);
  if (!subject) return { headline: 'Nothing was compared.', sentences: [] };
  const single = groups.find((group) => group.architecture === 'single' && group !== subject);
  const rivals = groups.filter((group) => group !== subject && group !== single);
  const rival = quickest(rivals) ?? single;
  if (!rival) return { headline: `Only ${theName(subject)} was run.`, sentences: [] };
  const sentences = sideBySide(subject, rival);
  if (single && single !== rival) sentences.push(race(single, subject));
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

/** Idle time, joules and bytes of the two side by side, those that are known of both. */
function sideBySide(subject: Group, other: Group): string[] {
  const kinds = new Set(subject.runs.flatMap((run) => energiesOf(run).map(({ kind }) => kind)));
  const clause = (id: string, before: string, after = ''): string[] => {
    const of = metric(id);
    if (outcome(subject, other, of) === undefined) return [];
    return [`${before} ${valueOf(subject, of)}${after} (${valueOf(other, of)})`];
  };
  const clauses = [
    ...clause('idle', 'nodes stood idle', ' of the time'),
    ...clause('joules', `a sample cost ${kinds.has('modelled') ? 'a modelled' : ''}`.trim()),
    ...clause('bytes', 'the network carried', ' for each sample'),
  ];
  if (clauses.length === 0) return [];
  return [sentence(`With ${theName(subject)} (and with ${theName(other)}), ${enumerate(clauses)}`)];
}

const enumerate = (clauses: readonly string[]): string =>
  clauses.length < 2
    ? clauses.join('')
    : `${clauses.slice(0, -1).join(', ')} and ${clauses.at(-1)!}`;

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
