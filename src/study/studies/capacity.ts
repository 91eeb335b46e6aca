// How large a model can be that devices of little memory train together.

import {
  bytesPerParameter,
  capacitySizes,
  conditionsOf,
  mainDevices,
  mostParameters,
  parametersOf,
  seriesOf,
} from '../capacity-series.ts';
import type { Series } from '../capacity-series.ts';
import { decideRatio } from '../decide.ts';
import { capacityExhibits, formatMillions } from '../report/capacity-exhibits.ts';
import type { SearchResult } from '../report/capacity-exhibits.ts';
import { nameOfVariant } from '../report/variant-look.ts';
import { findLimit, isAnswered, searchOf } from '../search.ts';
import type { SizeOf } from '../search.ts';
import type { Ratio } from '../statistics.ts';
import { variants } from '../study.ts';
import type { Condition, Findings, Study, StudyResults, StudySetting } from '../study.ts';

const threshold = 3;
const devicesMeant = 4;

const sizeOf: SizeOf = ({ training }) => parametersOf(training);

const conditions = (setting: StudySetting): readonly Condition[] =>
  seriesOf(setting).flatMap((series) => conditionsOf(series, setting.size));

function search(series: Series, { setting, trials }: StudyResults): readonly SearchResult[] {
  const key = searchOf(conditionsOf(series, setting.size)[0]!);
  const own = trials.filter(({ condition }) => searchOf(condition) === key);
  if (own.length === 0) return [];
  const { largest, tooLarge } = findLimit(own, sizeOf);
  return [
    {
      series,
      ...(largest && { largest, parameters: sizeOf(largest.condition) }),
      ...(tooLarge && { tooLarge, refused: sizeOf(tooLarge.condition) }),
      bytesPerParameter: bytesPerParameter(series),
      most: mostParameters(series),
    },
  ];
}

/** How many times as large; the limits of each lie between the last that was trained and the first that was not. */
function ratioOf(a: SearchResult | undefined, b: SearchResult | undefined): Ratio | undefined {
  if (!a?.parameters || !b?.parameters) return undefined;
  return {
    ratio: a.parameters / b.parameters,
    from: a.parameters / (b.refused ?? Infinity),
    to: (a.refused ?? Infinity) / b.parameters,
  };
}

const times = (value: number): string => value.toFixed(value < 2 ? 2 : 1);

const inRange = ({ ratio, from = ratio, to = ratio }: Ratio): string =>
  `${times(ratio)} times (${to === Infinity ? `at least ${times(from)}` : `between ${times(from)} and ${times(to)}`})`;

function judge(results: StudyResults): Findings {
  const { setting } = results;
  const all = seriesOf(setting);
  const main = mainDevices(all.map(({ devices }) => devices).filter(({ length }) => length > 1));
  const found = all.flatMap((series) => search(series, results));
  const exhibits = capacityExhibits(found);
  const of = (match: Partial<Series>): SearchResult | undefined => {
    const wanted: Partial<Series> = {
      growth: 'deeper',
      optimizer: 'sgd',
      copies: 'disk',
      devices: main,
      ...match,
    };
    return found.find(({ series }) =>
      (Object.keys(wanted) as (keyof Series)[]).every(
        (key) => JSON.stringify(series[key]) === JSON.stringify(wanted[key]),
      ),
    );
  };
  const others = found
    .filter(({ series: { variant, growth, optimizer, devices } }) =>
      [
        variant.architecture !== 'ring' && variant.architecture !== 'single',
        growth === 'deeper' && optimizer === 'sgd',
        JSON.stringify(devices) === JSON.stringify(main),
      ].every(Boolean),
    )
    .toSorted((a, b) => (b.parameters ?? 0) - (a.parameters ?? 0));
  const own = of({ variant: variants.ring });
  const server = others.find(({ series }) =>
    series.variant.architecture.startsWith('parameter-server'),
  );
  const ratio = ratioOf(own, server);
  if (!own || !ratio)
    return { verdict: 'undecided', effect: 'nothing to compare', sentences: [], exhibits };
  const { variant } = own.series;
  const nearness = Math.round((100 * own.parameters!) / own.most);
  const costs = [
    ['Adam', of({ variant, optimizer: 'adam' })],
    ['Keeping copies in memory', of({ variant, copies: 'memory' })],
  ] as const;
  const wide = of({ variant, growth: 'wider' });
  return {
    verdict:
      main.length < devicesMeant
        ? 'undecided'
        : decideRatio(ratio, { least: threshold, most: Infinity }),
    effect: `the ring’s largest model has ${formatMillions(own.parameters!)} parameters, ${inRange(ratio)} as many as the largest of ${nameOfVariant(server!.series.variant)}`,
    sentences: [
      ...others.flatMap((other) => {
        const each = ratioOf(own, other);
        return each
          ? [
              `${inRange(each)} as many as with ${nameOfVariant(other.series.variant)} (${formatMillions(other.parameters!)}).`,
            ]
          : [];
      }),
      `What has more than ${formatMillions(Math.max(...others.map(({ parameters = 0 }) => parameters)))} and up to ${formatMillions(own.parameters!)} parameters, only the ring trained.`,
      `That is ${nearness} % of what ${main.length} devices of this memory can hold at all.`,
      ...costs.flatMap(([what, other]) => {
        const cost = ratioOf(other, own);
        return cost ? [`${what} makes the ring’s largest model ${inRange(cost)} as large.`] : [];
      }),
      ...(wide?.parameters
        ? [
            `Grown in width at ${capacitySizes[setting.size].depth} hidden layers, the largest has ${formatMillions(wide.parameters)} parameters.`,
          ]
        : []),
    ],
    exhibits,
    threats: [
      'Each limit was searched for once, without repeats: it lies between the largest model that was trained and the smallest that was not.',
      'Emulated devices are not held to their speed here: where computing is slow and links are fast, messages may pile up higher.',
      'A model counts as trained when a few steps were made: memory does not grow from step to step, but a rare peak may be missed.',
    ],
  };
}

export const capacity: Study = {
  name: 'capacity',
  title: 'Capacity',
  question:
    'How large is the largest model that devices of a given memory train together, by way of training, and how near is it to the most that they could hold?',
  hypothesis: `With plain SGD, and copies of its layers on disk, a ring of ${devicesMeant} devices trains a model of at least ${threshold} times as many parameters as the largest that a parameter server trains on the same devices, on a device of its own or beside the workers.`,
  method: ({ size }) => {
    const { memories, width, depth, factor } = capacitySizes[size];
    return `Devices of ${memories.map((bytes) => `${bytes / 1e6} MB`).join(', ')}, held to it, and to nothing else, by the kernel where they are emulated; elsewhere a run that took more counts as failed. A dense net of layers of ${width} is made deeper, and one of ${depth} layers wider, by ${Math.round(100 * (factor - 1))} % at a time, until it can no longer be trained by all nodes; runs whose outcome follows from that of another are left out. The bound counts 8 bytes a parameter for weight and gradient, 8 more for Adam’s moments and 12 on a server, in what memory an empty process of 80 MB leaves; it leaves out activations and messages.`;
  },
  conditions,
  isMoot: (condition, trials) => isAnswered(condition, trials, sizeOf),
  judge,
};
