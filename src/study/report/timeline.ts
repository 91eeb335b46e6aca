// A few steady steps of each architecture: what every node's engine did and when, and below it the
// links that it sent on. All share one scale of time, so that a longer step is longer on the page.

import * as Plot from '@observablehq/plot';

import type { BusyKind } from '../../meter/timeline.ts';
import type { Group } from '../groups.ts';
import { typicalRun } from '../groups.ts';
import { formatQuantity, unitFor } from '../quantity.ts';
import type { Run } from '../results.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';
import { areaLegend } from './legend.ts';
import { busyKinds, fillOf } from './palette.ts';
import type { Canvas } from './plot.ts';
import { drawing, fullWidth } from './plot.ts';
import type { Bar, Track } from './track.ts';
import { extentOf, trackOf } from './track.ts';

export function timelineSection(groups: readonly Group[]): Html | undefined {
  const drawn = groups.flatMap((group) => {
    const timelines = typicalRun(group).nodes.map(({ timeline }) => timeline);
    const extent = extentOf(timelines);
    return extent ? [{ group, timelines, extent, seconds: extent[1] - extent[0] }] : [];
  });
  if (drawn.length === 0) return undefined;
  const lengths = drawn.map(({ seconds }) => seconds);
  const shown = Math.min(Math.max(...lengths), 2 * Math.min(...lengths));
  const kinds = (Object.keys(busyKinds) as BusyKind[]).filter((kind) =>
    drawn.some(({ timelines }) =>
      timelines.some(({ entries }) =>
        entries.some((entry) => entry.type === 'compute' && entry.kind === kind),
      ),
    ),
  );
  const longest = Math.max(
    ...drawn.flatMap(({ timelines }) => timelines.map(({ node }) => node.length)),
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
    ${timelineLegend(kinds)}
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
            timeline(
              trackOf(timelines, extent[0], Math.min(shown, seconds)),
              shown,
              longest,
              canvas,
            ),
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

/** What the drawing of a timeline is made of. */
export const timelineLegend = (kinds: readonly BusyKind[]): Html =>
  areaLegend([
    ...kinds.map((kind) => ({ name: busyKinds[kind], fill: fillOf(kind) })),
    { name: 'idle', fill: fillOf('idle') },
    { name: 'a link is busy', fill: 'var(--link-line)', thin: true },
  ]);

/** A run's nodes over its last steps; undefined where nothing was recorded. */
export function runTimeline({ nodes }: Run): ((canvas: Canvas) => Plot.PlotOptions) | undefined {
  const timelines = nodes.map(({ timeline }) => timeline);
  const extent = extentOf(timelines);
  if (!extent) return undefined;
  const seconds = extent[1] - extent[0];
  const longest = Math.max(...timelines.map(({ node }) => node.length));
  return (canvas) => timeline(trackOf(timelines, extent[0], seconds), seconds, longest, canvas);
}

function timeline(
  track: Track,
  seconds: number,
  longest: number,
  { narrow }: Canvas,
): Plot.PlotOptions {
  const marginLeft = Math.min(narrow ? 80 : 150, longest * 6.6 + 14);
  const { name, size } = unitFor(seconds / 4, 'seconds');
  const kinds = [...new Set(track.engines.map(({ kind }) => kind))];
  const bars = (data: readonly Bar[], fill: string): Plot.Markish =>
    Plot.rect(data, {
      x1: ({ x1 }: Bar) => x1 / size,
      x2: ({ x2 }: Bar) => x2 / size,
      y1: 'y',
      y2: ({ y, height }: Bar) => y + height,
      fill,
      // On a phone, bars are hardly wider than the gap would be.
      insetRight: narrow || fill === fillOf('idle') ? 0 : 0.5,
    });
  return {
    height: track.height + 60,
    marginTop: 18,
    marginBottom: 40,
    marginLeft,
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
        lineWidth: (marginLeft - 8) / 12,
        textOverflow: 'ellipsis',
      }),
    ],
  };
}
