// What a sample costs the network and the battery, and what training takes of each device's memory.

import type * as Plot from '@observablehq/plot';

import type { EnergyReport } from '../../ports.ts';
import type { Group } from '../groups.ts';
import { labelOf, metrics, nodesOf, ofNode, valuesOf } from '../groups.ts';
import { formatQuantity, unitFor } from '../quantity.ts';
import type { Quantity } from '../quantity.ts';
import { energiesOf } from '../results.ts';
import type { Run } from '../results.ts';
import { estimate, mean } from '../statistics.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';
import { areaLegend } from './legend.ts';
import { fillOf } from './palette.ts';
import type { Canvas } from './plot.ts';
import { drawing, fullWidth, halfWidth } from './plot.ts';
import type { BarRow, RowGroup, Segment } from './rows.ts';
import { rowsOfBars } from './rows.ts';

const metric = (id: 'bytes' | 'joules'): (typeof metrics)[number] =>
  metrics.find((candidate) => candidate.id === id)!;

/** Parts of a whole by name, as shares that sum to 1. */
type Shares = readonly { readonly name: string; readonly share: number }[];

/** Given to the parts in the order in which they first come up. */
const fills = ['backward', 'link', 'weights', 'update', 'parameters', 'input', 'end'] as const;
/** A kind of message with less than this share of the bytes is not told apart. */
const leastShare = 0.02;

/** Where the bytes went: by kind of message, over all nodes. */
export function bytesByMessage({ nodes }: Run): Shares {
  const bytes = new Map<string, number>();
  for (const { figures } of nodes)
    for (const [message, sent] of Object.entries(figures.sent))
      bytes.set(message, (bytes.get(message) ?? 0) + sent.bytes);
  const total = [...bytes.values()].reduce((sum, value) => sum + value, 0);
  const shares = [...bytes]
    .map(([name, value]) => ({ name, share: value / total }))
    .filter(({ share }) => share >= leastShare)
    .sort((a, b) => b.share - a.share);
  const rest = 1 - shares.reduce((sum, { share }) => sum + share, 0);
  return rest > 1e-9 && total > 0 ? [...shares, { name: 'other', share: rest }] : shares;
}

/** Where the joules went, over all devices, as far as every device's source tells. */
export function joulesByCause(run: Run): Shares {
  const reports = energiesOf(run);
  const share = (part: (report: EnergyReport) => number | undefined): number =>
    reports.reduce((sum, report) => sum + (part(report) ?? NaN), 0) /
    reports.reduce((sum, report) => sum + report.total, 0);
  const floor = { name: 'standing there', share: share((report) => report.floorJoules) };
  const computing = { name: 'computing', share: share((report) => report.computeJoules) };
  const radio = { name: 'sending and receiving', share: share((report) => report.radioJoules) };
  const beyond = { name: 'beyond that', share: share((report) => report.marginalJoules) };
  const splits = [
    [floor, computing, radio],
    [floor, beyond],
  ];
  return splits.find((parts) => parts.every(({ share }) => share >= 0)) ?? [];
}

export function costSection(groups: readonly Group[]): Html {
  const kinds = new Set(
    groups.flatMap(({ runs }) => runs.flatMap((run) => energiesOf(run).map(({ kind }) => kind))),
  );
  const isOfHost = groups.some(({ runs }) => runs.some(({ energy }) => energy));
  return html`<section id="costs">
    <h2>What a sample costs</h2>
    <div class="pair">
      <figure>
        <figcaption>
          <strong>Bytes per sample</strong>, sent by all nodes together, by kind of message
        </figcaption>
        ${costPlot(groups, 'bytes', bytesByMessage)}
      </figure>
      ${
        kinds.size > 0 &&
        html`<figure>
          <figcaption>
            <strong>Joules per sample</strong>, of
            ${isOfHost ? 'the host that all nodes share' : 'all devices together'},
            ${[...kinds].sort().join(' and ')}
          </figcaption>
          ${costPlot(groups, 'joules', joulesByCause)}
        </figure>`
      }
    </div>
    <p class="note">A bar is the mean over the repeats, circles are single runs.</p>
  </section>`;
}

function costPlot(
  groups: readonly Group[],
  id: 'bytes' | 'joules',
  split: (run: Run) => Shares,
): Html {
  const { legend, draw } = costBars(groups, id, split);
  return html`${legend} ${drawing(`${metric(id).name} of each architecture`, halfWidth, draw)}`;
}

function costBars(
  groups: readonly Group[],
  id: 'bytes' | 'joules',
  split: (run: Run) => Shares,
): { readonly legend: Html; readonly draw: (canvas: Canvas) => Plot.PlotOptions } {
  const { quantity } = metric(id);
  const shares = groups.map((group) => split(group.runs[0]!));
  const names = [...new Set(shares.flatMap((parts) => parts.map(({ name }) => name)))];
  const fill = (name: string): string =>
    fillOf(fills[Math.max(0, names.indexOf(name)) % fills.length]!);
  const rows = groups.map((group, at): RowGroup => {
    const values = valuesOf(group, metric(id));
    const total = values.length > 0 ? mean(values) : 0;
    return {
      title: group.name,
      rows: [
        {
          label: '',
          segments: segmentsOf(total, shares[at]!, fill),
          value: values.length > 0 ? formatQuantity(estimate(values), quantity) : 'not measured',
          points: values.length > 1 ? values : [],
        },
      ],
    };
  });
  const most = greatest(rows.flatMap((group) => group.rows));
  return {
    legend: areaLegend(names.map((name) => ({ name, fill: fill(name) }))),
    draw: (canvas) => rowsOfBars(rows, axisFor(most, quantity), canvas),
  };
}

/** Joules of a sample, split by what they were for, as far as their source tells. */
export const joulesBars = (groups: readonly Group[]): ReturnType<typeof costBars> =>
  costBars(groups, 'joules', joulesByCause);

function segmentsOf(total: number, shares: Shares, fill: (name: string) => string): Segment[] {
  const parts = shares.length > 0 ? shares : [{ name: '', share: 1 }];
  let from = 0;
  return parts.map(({ name, share }) => {
    const segment = { from, to: from + share * total, fill: fill(name), label: name };
    from = segment.to;
    return segment;
  });
}

const greatest = (rows: readonly BarRow[]): number =>
  Math.max(
    ...rows.flatMap(({ segments, points = [] }) => [...segments.map(({ to }) => to), ...points]),
  ) || 1;

const axisFor = (most: number, quantity: Quantity): Parameters<typeof rowsOfBars>[1] => {
  const { name, size } = unitFor(most / 2, quantity);
  return {
    domain: [0, most],
    axis: name,
    tickFormat: (value) => String(Number((value / size).toPrecision(3))),
  };
};

export function memorySection(groups: readonly Group[]): Html {
  const rows = groups.map((group) => ({
    title: group.name,
    rows: nodesOf(group).map((node): BarRow => {
      const tensors = ofNode(node, ({ tensorBytes }) => tensorBytes);
      const peak = ofNode(node, ({ peakMemoryBytes }) => peakMemoryBytes);
      return {
        label: labelOf(node),
        segments: [
          { from: 0, to: tensors, fill: fillOf('backward'), label: '' },
          { from: tensors, to: Math.max(peak, tensors), fill: fillOf('start'), label: '' },
        ],
        value: `${formatQuantity(tensors, 'bytes')} of ${formatQuantity(peak, 'bytes')}`,
      };
    }),
  }));
  const most = greatest(rows.flatMap((group) => group.rows));
  return html`<section id="memory">
    <h2>Memory of each device</h2>
    <p>
      The peak of each process, and in it that of its tensors: weights, optimizer state,
      activations. The rest is the program itself and, where a device holds samples, those.
    </p>
    ${areaLegend([
      { name: 'tensors', fill: fillOf('backward') },
      { name: 'rest of the process', fill: fillOf('start') },
    ])}
    <figure>
      ${drawing('Peak memory of each node', fullWidth, (canvas) =>
        rowsOfBars(rows, axisFor(most, 'bytes'), canvas),
      )}
    </figure>
  </section>`;
}
