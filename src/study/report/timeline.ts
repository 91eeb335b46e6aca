// A few steady steps of each architecture: what every node's engine did and when, and below it the
// links that it sent on. All share one scale of time, so that a longer step is longer on the page.

import * as Plot from '@observablehq/plot';

import type { BusyKind, Entry } from '../../meter/timeline.ts';
import type { NodeTimeline } from '../../meter/trace.ts';
import type { Group } from '../groups.ts';
import { typicalRun } from '../groups.ts';
import { formatQuantity, unitFor } from '../quantity.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';
import { areaLegend } from './legend.ts';
import { busyKinds, fillOf } from './palette.ts';
import type { Canvas } from './plot.ts';
import { drawing, fullWidth } from './plot.ts';

interface Bar {
  readonly x1: number;
  readonly x2: number;
  readonly y: number;
  readonly height: number;
}

interface Track {
  readonly engines: readonly (Bar & { readonly kind: BusyKind })[];
  readonly rows: readonly (Bar & { readonly node: string })[];
  readonly links: readonly Bar[];
  readonly linkRows: readonly (Bar & { readonly to: string })[];
  readonly commits: readonly { readonly x: number; readonly step: number }[];
  readonly height: number;
}

const engineHeight = 18;
const linkHeight = 4;
const linkGap = 7;
const nodeGap = 10;
/** Frames without a tensor are too short to be seen and too many to be drawn. */
const drawnBytes = 512;

const startOf = (entry: Entry): number => ('start' in entry ? entry.start : entry.at);
const endOf = (entry: Entry): number => ('end' in entry ? entry.end : entry.at);

/** When the first of the entries began and the last ended, on the clock that all nodes share. */
function extentOf(timelines: readonly NodeTimeline[]): readonly [number, number] | undefined {
  const all = timelines.flatMap(({ entries, offsetSeconds }) =>
    entries
      .filter(({ type }) => type === 'compute' || type === 'commit')
      .map((entry) => [startOf(entry) + offsetSeconds, endOf(entry) + offsetSeconds] as const),
  );
  if (all.length === 0) return undefined;
  return [
    all.reduce((least, [start]) => Math.min(least, start), Infinity),
    all.reduce((most, [, end]) => Math.max(most, end), -Infinity),
  ];
}

export function timelineSection(groups: readonly Group[]): Html | undefined {
  const drawn = groups.flatMap((group) => {
    const timelines = typicalRun(group).nodes.map(({ timeline }) => timeline);
    const extent = extentOf(timelines);
    return extent ? [{ group, timelines, extent, seconds: extent[1] - extent[0] }] : [];
  });
  if (drawn.length === 0) return undefined;
  const lengths = drawn.map(({ seconds }) => seconds);
  const shown = Math.min(Math.max(...lengths), 4 * Math.min(...lengths));
  const kinds = (Object.keys(busyKinds) as BusyKind[]).filter((kind) =>
    drawn.some(({ timelines }) =>
      timelines.some(({ entries }) =>
        entries.some((entry) => entry.type === 'compute' && entry.kind === kind),
      ),
    ),
  );
  const error = Math.max(
    ...drawn.flatMap(({ timelines }) => timelines.map(({ errorSeconds }) => errorSeconds)),
  );
  return html`<section id="timeline">
    <h2>A few steady steps</h2>
    <p>
      One row a node, thin rows the links that it sends on. Where a row is empty, the node’s engine
      waits. All are drawn to one scale; a dashed line is the commit of a step.
    </p>
    ${areaLegend([
      ...kinds.map((kind) => ({ name: busyKinds[kind], fill: fillOf(kind) })),
      { name: 'idle', fill: fillOf('idle') },
      { name: 'a link is busy', fill: 'var(--link-line)', thin: true },
    ])}
    ${drawn.map(
      ({ group, timelines, extent, seconds }) =>
        html`<figure>
          <figcaption>
            <strong>${group.name}</strong>${
              seconds > shown * 1.001 &&
              html` (the first ${formatQuantity(shown, 'seconds')} of
              ${formatQuantity(seconds, 'seconds')})`
            }
          </figcaption>
          ${drawing(`Timeline of a few steps: ${group.name}`, fullWidth, (canvas) =>
            timeline(trackOf(timelines, extent[0], shown), shown, canvas),
          )}
        </figure>`,
    )}
    ${
      error > 0 &&
      html`<p class="note">
        The nodes’ clocks were aligned over their links, to ${formatQuantity(error, 'seconds')} or
        better.
      </p>`
    }
  </section>`;
}

function trackOf(timelines: readonly NodeTimeline[], begin: number, seconds: number): Track {
  const engines: Track['engines'][number][] = [];
  const rows: Track['rows'][number][] = [];
  const links: Bar[] = [];
  const linkRows: Track['linkRows'][number][] = [];
  const commits = new Map<number, number>();
  let y = 0;
  for (const { node, entries, offsetSeconds } of timelines) {
    const cut = (start: number, end: number): { x1: number; x2: number } => ({
      x1: Math.max(0, start + offsetSeconds - begin),
      x2: Math.min(seconds, end + offsetSeconds - begin),
    });
    const visible = ({ x1, x2 }: { x1: number; x2: number }): boolean => x2 > x1;
    rows.push({ node, x1: 0, x2: seconds, y, height: engineHeight });
    for (const entry of entries) {
      if (entry.type === 'compute') {
        const bar = cut(entry.start, entry.end);
        if (visible(bar)) engines.push({ ...bar, kind: entry.kind, y, height: engineHeight });
      } else if (entry.type === 'commit') {
        const x = entry.at + offsetSeconds - begin;
        commits.set(entry.step, Math.max(x, commits.get(entry.step) ?? 0));
      }
    }
    y += engineHeight + 3;
    const sends = entries.filter((entry) => entry.type === 'send' && entry.bytes >= drawnBytes);
    for (const to of new Set(sends.map((entry) => (entry.type === 'send' ? entry.to : '')))) {
      linkRows.push({ to, x1: 0, x2: seconds, y, height: linkHeight });
      for (const entry of sends) {
        const bar = cut(startOf(entry), endOf(entry));
        if (entry.type === 'send' && entry.to === to && visible(bar))
          links.push({ ...bar, y, height: linkHeight });
      }
      y += linkGap;
    }
    y += nodeGap;
  }
  const within = [...commits].filter(([, x]) => x > 0 && x <= seconds);
  return {
    engines,
    rows,
    links,
    linkRows,
    commits: within.map(([step, x]) => ({ x, step })),
    height: y,
  };
}

function timeline(track: Track, seconds: number, { narrow }: Canvas): Plot.PlotOptions {
  const longest = Math.max(...track.rows.map(({ node }) => node.length));
  const { name, size } = unitFor(seconds / 4, 'seconds');
  const kinds = [...new Set(track.engines.map(({ kind }) => kind))];
  const bars = (data: readonly Bar[], fill: string): Plot.Markish =>
    Plot.rect(data, {
      x1: ({ x1 }: Bar) => x1 / size,
      x2: ({ x2 }: Bar) => x2 / size,
      y1: 'y',
      y2: ({ y, height }: Bar) => y + height,
      fill,
      insetRight: fill === fillOf('idle') ? 0 : 0.5,
    });
  return {
    height: track.height + 60,
    marginTop: 18,
    marginBottom: 40,
    marginLeft: Math.min(narrow ? 80 : 150, longest * 6.6 + 14),
    marginRight: 14,
    x: {
      domain: [0, seconds / size],
      label: name,
      labelAnchor: 'center',
      labelArrow: 'none',
      ticks: narrow ? 4 : 10,
    },
    y: { domain: [0, track.height], reverse: true, axis: null },
    marks: [
      bars(track.rows, fillOf('idle')),
      bars(track.linkRows, fillOf('idle')),
      ...kinds.map((kind) =>
        bars(
          track.engines.filter((bar) => bar.kind === kind),
          fillOf(kind),
        ),
      ),
      bars(track.links, 'var(--link-line)'),
      Plot.ruleX(track.commits, {
        x: ({ x }: { x: number }) => x / size,
        stroke: 'currentColor',
        strokeDasharray: '3,3',
        strokeOpacity: 0.8,
      }),
      Plot.text(track.commits, {
        x: ({ x }: { x: number }) => x / size,
        y: 0,
        text: ({ step }: { step: number }) => `step ${step}`,
        textAnchor: 'end',
        dx: -4,
        dy: -9,
        fontSize: 11,
      }),
      Plot.text(track.rows, {
        x: 0,
        y: ({ y, height }: Bar) => y + height / 2,
        text: 'node',
        textAnchor: 'end',
        dx: -8,
      }),
    ],
  };
}
