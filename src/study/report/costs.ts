// What a sample costs the network and the battery, and what training takes of each device's memory.

import type { EnergyReport } from '../../ports.ts';
import type { Group } from '../groups.ts';
import { metrics, nodesOf, ofNode, valuesOf } from '../groups.ts';
import { formatQuantity, unitFor } from '../quantity.ts';
import type { Quantity } from '../quantity.ts';
import type { Run } from '../results.ts';
import { estimate, mean } from '../statistics.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';
import { areaLegend } from './legend.ts';
import { fillOf } from './palette.ts';
import { drawing, fullWidth, halfWidth } from './plot.ts';
import type { BarRow, RowGroup, Segment } from './rows.ts';
import { rowsOfBars } from './rows.ts';

const metric = (id: 'bytes' | 'joules'): (typeof metrics)[number] =>
  metrics.find((candidate) => candidate.id === id)!;

/** Parts of a whole by name, as shares that sum to 1. */
type Shares = readonly { readonly name: string; readonly share: number }[];

const fills = ['backward', 'parameters', 'gradient', 'link', 'start'] as const;
/** A kind of message with less than this share of the bytes is not told apart. */
const leastShare = 0.02;

/** Where the bytes went: by kind of message, over all nodes. */
export function bytesByMessage({ nodes }: Run): Shares {
  const bytes = new Map<string, number>();
  for (const { figures } of nodes)
    for (const [message, sent] of Object.entries(figures.sent))
      bytes.set(message, (bytes.get(message) ?? 0) + sent.bytes);
  const total = [...bytes.values()].reduce((sum, value) => sum + value, 0);
  const shares = [...bytes].map(([name, value]) => ({ name, share: value / total }));
  const large = shares
    .filter(({ share }) => share >= leastShare)
    .sort((a, b) => b.share - a.share)
    .slice(0, fills.length - 1);
  const rest = 1 - large.reduce((sum, { share }) => sum + share, 0);
  return rest > 1e-9 && total > 0 ? [...large, { name: 'other', share: rest }] : large;
}

/** Where the joules went, over all devices; undistinguished where one of them cannot tell. */
export function joulesByCause({ nodes }: Run): Shares {
  const reports = nodes.flatMap(({ energy }) => energy ?? []);
  const sum = (part: (report: EnergyReport) => number | undefined): number =>
    reports.reduce((total, report) => total + (part(report) ?? NaN), 0);
  const total = sum((report) => report.total);
  const parts = [
    { name: 'standing there', joules: sum((report) => report.floorJoules) },
    { name: 'computing', joules: sum((report) => report.computeJoules) },
    { name: 'radio', joules: sum((report) => report.radioJoules) },
  ];
  const known = parts.every(({ joules }) => joules >= 0);
  return known ? parts.map(({ name, joules }) => ({ name, share: joules / total })) : [];
}

export function costSection(groups: readonly Group[]): Html {
  const haveJoules = groups.some((group) => valuesOf(group, metric('joules')).length > 0);
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
        haveJoules &&
        html`<figure>
          <figcaption><strong>Joules per sample</strong>, of all devices together</figcaption>
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
  const { quantity } = metric(id);
  const rows = groups.map((group): RowGroup => {
    const values = valuesOf(group, metric(id));
    const total = values.length > 0 ? mean(values) : 0;
    return {
      title: group.name,
      rows: [
        {
          label: '',
          segments: segmentsOf(total, split(group.runs[0]!)),
          value: values.length > 0 ? formatQuantity(estimate(values), quantity) : 'not measured',
          points: values.length > 1 ? values : [],
        },
      ],
    };
  });
  const most = greatest(rows.flatMap((group) => group.rows));
  return drawing(`${metric(id).name} of each architecture`, halfWidth, (canvas) =>
    rowsOfBars(rows, axisFor(most, quantity), canvas),
  );
}

function segmentsOf(total: number, shares: Shares): Segment[] {
  if (shares.length === 0) return [{ from: 0, to: total, fill: fillOf('backward'), label: '' }];
  let from = 0;
  return shares.map(({ name, share }, at) => {
    const segment = { from, to: from + share * total, fill: fillOf(fills[at]!), label: name };
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
        label: node.node,
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
      activations. The rest is the program itself, which every architecture needs alike.
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
