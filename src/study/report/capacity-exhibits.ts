// What the study of capacity shows: the largest models, beside the most that could be held.

import type { Series } from '../capacity-series.ts';
import { formatQuantity } from '../quantity.ts';
import type { Trial } from '../study.ts';
import { curves } from './curves.ts';
import type { Exhibit } from './exhibit.ts';
import { fillOf } from './palette.ts';
import type { Canvas } from './plot.ts';
import type { BarRow } from './rows.ts';
import { rowsOfBars } from './rows.ts';
import { lookOfVariant, nameOfVariant, variantLegend } from './variant-look.ts';

/** What one search has found; sizes are in parameters. */
export interface SearchResult {
  readonly series: Series;
  /** The largest that was trained. */
  readonly largest?: Trial;
  readonly parameters?: number;
  /** The smallest that was not. */
  readonly tooLarge?: Trial;
  readonly refused?: number;
  readonly bytesPerParameter: number;
  /** The analytic bound. */
  readonly most: number;
}

/** `24.1 million` */
export const formatMillions = (parameters: number): string =>
  `${(parameters / 1e6).toFixed(1)} million`;

const millions = (parameters: number): string => `${(parameters / 1e6).toFixed(1)} M`;

const memoryOf = ({ devices }: Series): number => devices[0]!.memoryBytes;

/** `adam`, `copies in memory`: what is not as usual. */
const differences = ({ optimizer, copies, growth }: Series): readonly string[] => [
  ...(optimizer === 'adam' ? ['Adam'] : []),
  ...(copies === 'memory' ? ['copies in memory'] : []),
  ...(growth === 'wider' ? ['wider'] : []),
];

const placeOf = ({ devices, ...series }: Series): string =>
  `${devices.length} ${devices.length === 1 ? 'device' : 'devices'} of ${formatQuantity(memoryOf({ devices, ...series }), 'bytes')}`;

export function capacityExhibits(found: readonly SearchResult[]): readonly Exhibit[] {
  if (found.length === 0) return [];
  const places = [...new Set(found.map(({ series }) => placeOf(series)))];
  const longest = Math.max(
    ...found.map(({ most, parameters = 0, refused = 0 }) => Math.max(most, parameters, refused)),
  );
  return [
    {
      kind: 'figure',
      caption:
        'The largest model that was trained, in millions of parameters. The pale part goes up to the most that these devices could hold; a circle is the smallest model that could not be trained. Beside it stand both.',
      label: 'Parameters of the largest trained model, by way to train',
      draw: (canvas: Canvas) =>
        rowsOfBars(
          places.map((place) => ({
            title: place,
            rows: found
              .filter(({ series }) => placeOf(series) === place)
              .toSorted((a, b) => (b.parameters ?? 0) - (a.parameters ?? 0))
              .map(barOf),
          })),
          {
            domain: [0, longest / 1e6],
            axis: 'millions of parameters',
            tickFormat: String,
          },
          canvas,
        ),
    },
    ...byCount(found),
    tableOf(found),
  ];
}

function barOf({ series, parameters = 0, refused, most }: SearchResult): BarRow {
  const { variant } = series;
  return {
    label: [nameOfVariant(variant), ...differences(series)].join(', '),
    segments: [
      { from: 0, to: parameters / 1e6, fill: lookOfVariant(variant).stroke, label: '' },
      {
        from: parameters / 1e6,
        to: Math.max(parameters, most) / 1e6,
        fill: fillOf('idle'),
        label: '',
      },
    ],
    value: [
      parameters > 0 ? millions(parameters) : 'none yet',
      ...(refused === undefined ? [] : [`not ${millions(refused)}`]),
    ].join(', '),
    ...(refused !== undefined && { points: [refused / 1e6] }),
  };
}

/** Over the number of devices, where it was varied for more than a ring. */
function byCount(found: readonly SearchResult[]): readonly Exhibit[] {
  const least = Math.min(...found.map(({ series }) => memoryOf(series)));
  const plain = found.filter(
    ({ series }) => differences(series).length === 0 && memoryOf(series) === least,
  );
  const counts = [...new Set(plain.map(({ series }) => series.devices.length))].toSorted(
    (a, b) => a - b,
  );
  const all = [
    ...new Map(plain.map(({ series: { variant } }) => [nameOfVariant(variant), variant])),
  ];
  if (counts.length < 3) return [];
  const curveOf = (name: string, value: (result: SearchResult) => number | undefined) => {
    const own = plain.filter(({ series }) => nameOfVariant(series.variant) === name);
    return {
      look: lookOfVariant(own[0]!.series.variant),
      points: own
        .toSorted((a, b) => a.series.devices.length - b.series.devices.length)
        .flatMap((result) => {
          const parameters = value(result);
          return parameters === undefined
            ? []
            : [{ x: result.series.devices.length, y: { mean: parameters / 1e6 } }];
        }),
    };
  };
  return [
    {
      kind: 'figure',
      caption: `The largest model by number of devices of ${formatQuantity(least, 'bytes')}; dotted is the most that they could hold.`,
      label: 'Parameters of the largest trained model by number of devices',
      legend: variantLegend(all.map(([, variant]) => variant)),
      draw: (canvas) =>
        curves(
          all.flatMap(([name]) => [
            { ...curveOf(name, ({ most }) => most), isThin: true as const },
            curveOf(name, ({ parameters }) => parameters),
          ]),
          { x: 'devices', y: 'millions of parameters', ticksX: counts, formatX: String },
          canvas,
        ),
    },
  ];
}

const right = { align: 'right' } as const;

const tableOf = (found: readonly SearchResult[]): Exhibit => ({
  kind: 'table',
  caption:
    'The largest model that was trained and the smallest that was not, in parameters, and what became of it; beside it the most that could be held, and what of it was reached. Memory is the peak of the fullest process with the largest model; the pages of the program’s own files, which the kernel shares out, are in it, but do not all count for the limit.',
  columns: [
    { title: 'devices' },
    { title: 'how' },
    { title: 'largest', ...right },
    { title: 'too large', ...right },
    { title: 'B a parameter', ...right },
    { title: 'most', ...right },
    { title: 'reached', ...right },
    { title: 'memory', ...right },
    { title: 'what ended it' },
  ],
  rows: found.map(({ series, largest, parameters, tooLarge, refused, most, ...rest }) => [
    placeOf(series),
    [nameOfVariant(series.variant), ...differences(series)].join(', '),
    parameters === undefined ? '–' : millions(parameters),
    refused === undefined ? '–' : millions(refused),
    Number(rest.bytesPerParameter.toPrecision(3)).toString(),
    millions(most),
    parameters === undefined ? '–' : formatQuantity(parameters / most, 'share'),
    largest ? formatQuantity(peakBytes(largest), 'bytes') : '–',
    tooLarge ? reasonOf(tooLarge) : '–',
  ]),
});

const peakBytes = ({ outcome }: Trial): number =>
  outcome.kind === 'failed'
    ? 0
    : Math.max(...outcome.run.nodes.map(({ peakMemoryBytes }) => peakMemoryBytes));

/** In a few words. */
function reasonOf({ outcome }: Trial): string {
  if (outcome.kind === 'finished')
    return outcome.run.disturbances ? 'a node ran out of memory' : 'a node took more than it has';
  switch (outcome.code) {
    case 'MEMORY':
      return 'refused: no cut fits';
    case 'NODE_LOST':
      return 'a node ran out of memory';
    case 'INTERRUPTED':
      return outcome.reason;
    default:
      return outcome.code;
  }
}
