// Rows of bars under the names of their architectures: the frame that idle time, memory, bytes and
// joules are drawn in. Lengths are in pixels, downwards.

import * as Plot from '@observablehq/plot';

import type { Canvas } from './plot.ts';

export interface BarRow {
  readonly label: string;
  readonly segments: readonly Segment[];
  /** What stands at the bar's end. */
  readonly value: string;
  /** Single measurements, as small circles. */
  readonly points?: readonly number[];
}

export interface Segment {
  readonly from: number;
  readonly to: number;
  readonly fill: string;
  /** Shown inside where there is room. */
  readonly label: string;
  readonly ink?: string;
}

export interface RowGroup {
  /** Stands above its rows; none where the rows speak for themselves. */
  readonly title?: string;
  readonly rows: readonly BarRow[];
}

export interface RowsOptions {
  readonly domain: readonly [number, number];
  readonly axis: string;
  readonly tickFormat: (value: number) => string;
}

const rowHeight = 24;
const barHeight = 18;
const titleHeight = 32;
const [characterWidth, boldWidth] = [6.6, 7.4];
/** The style sheet's, of drawings. */
const fontSize = 12;

export function rowsOfBars(
  groups: readonly RowGroup[],
  { domain, axis, tickFormat }: RowsOptions,
  { width, narrow }: Canvas,
): Plot.PlotOptions {
  let height = 0;
  const titles: { text: string; y: number }[] = [];
  const rows = groups.flatMap(({ title, rows }) => {
    if (title !== undefined) {
      titles.push({ text: title, y: height + titleHeight - 7 });
      height += titleHeight;
    }
    return rows.map((row) => {
      const y = height;
      height += rowHeight;
      return { ...row, y, middle: y + rowHeight / 2 };
    });
  });
  const longest = (texts: readonly string[]): number =>
    Math.max(...texts.map(({ length }) => length));
  const labelWidth = longest(rows.map(({ label }) => label)) * characterWidth;
  const marginLeft = Math.min(narrow ? 110 : 170, labelWidth + 14);
  const marginRight = longest(rows.map(({ value }) => value)) * boldWidth + 14;
  const scale = (width - marginLeft - marginRight) / (domain[1] - domain[0]);
  const segments = rows.flatMap(({ segments, y }) =>
    segments.map((segment) => ({ ...segment, y: y + (rowHeight - barHeight) / 2 })),
  );
  const roomy = segments.filter(
    ({ from, to, label }) => (to - from) * scale > label.length * characterWidth + 6,
  );
  const points = rows.flatMap(({ points = [], middle }) => points.map((x) => ({ x, y: middle })));
  const fills = [...new Set(segments.map(({ fill }) => fill))];
  return {
    height: height + 44,
    marginTop: 4,
    marginBottom: 40,
    marginLeft,
    marginRight,
    x: {
      domain,
      label: axis,
      labelAnchor: 'center',
      labelArrow: 'none',
      grid: true,
      ticks: narrow ? 3 : 6,
      tickFormat,
    },
    y: { domain: [0, height], reverse: true, axis: null },
    marks: [
      ...fills.map((fill) =>
        Plot.rect(
          segments.filter((segment) => segment.fill === fill),
          {
            x1: 'from',
            x2: 'to',
            y1: 'y',
            y2: ({ y }: { y: number }) => y + barHeight,
            fill,
            insetRight: 1,
          },
        ),
      ),
      ...roomy.map(({ from, to, y, label, ink = 'var(--ink-on-fill)' }) =>
        Plot.text([label], {
          x: (from + to) / 2,
          y: y + barHeight / 2,
          fill: ink,
          className: 'halo',
        }),
      ),
      Plot.dot(points, { x: 'x', y: 'y', r: 3, fill: 'var(--paper)', stroke: 'currentColor' }),
      Plot.text(titles, {
        x: domain[0],
        y: 'y',
        text: 'text',
        textAnchor: 'start',
        dx: -marginLeft,
        fontWeight: 600,
        fontSize: 13,
      }),
      Plot.text(rows, {
        x: domain[0],
        y: 'middle',
        text: 'label',
        textAnchor: 'end',
        dx: -8,
        lineWidth: (marginLeft - 8) / fontSize,
        textOverflow: 'ellipsis',
      }),
      Plot.text(rows, {
        x: ({ segments, points = [] }: BarRow) =>
          Math.max(domain[0], ...segments.map(({ to }) => to), ...points),
        y: 'middle',
        text: 'value',
        textAnchor: 'start',
        dx: 8,
        fontWeight: 600,
      }),
    ],
  };
}
