// How long steps take by how much there is to send for each second of computing, between the two formulas that
// would have it add up or hide.

import * as Plot from '@observablehq/plot';

import type { Variant } from '../study.ts';
import type { Figure } from './exhibit.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';
import { glyph } from './plot.ts';
import { lookOfVariant } from './variant-look.ts';

export interface OverlapPoint {
  readonly name: string;
  readonly variant: Variant;
  /** Nothing can overlap in it. */
  readonly isSerial: boolean;
  /** c / T */
  readonly ratio: number;
  /** step / T of each repeat. */
  readonly steps: readonly number[];
}

const formula = 'var(--soft)';

export const overlapFigure = (points: readonly OverlapPoint[]): Figure => ({
  kind: 'figure',
  caption:
    'Time of a step over its computing, by what there is to send over what there is to compute: the lower line is max(c, T), the upper one c + T. Each symbol is a run; hollow ones cannot overlap.',
  label: 'Time of a step between max(c, T) and c + T',
  legend: legendOf(points),
  draw: ({ narrow }) => {
    const dots = points.flatMap(({ ratio, steps, variant, isSerial }) =>
      steps.map((step) => ({ ratio, step, look: lookOfVariant(variant), isSerial })),
    );
    const ratios = dots.map(({ ratio }) => ratio);
    const [least, most] = [Math.min(...ratios) / 1.3, Math.max(...ratios) * 1.3];
    const even = Array.from({ length: 60 }, (_, at) => least * (most / least) ** (at / 59));
    // Where max(c, T) has its corner.
    const line = [...even, Math.min(Math.max(1, least), most)].toSorted((a, b) => a - b);
    return {
      height: narrow ? 320 : 400,
      marginLeft: 56,
      marginTop: 26,
      marginBottom: 44,
      x: {
        type: 'log',
        domain: [least, most],
        label: 'c / T',
        labelAnchor: 'center',
        labelArrow: 'none',
        ticks: narrow ? 3 : 6,
        tickFormat: '~r',
      },
      y: { type: 'log', label: 'step / T', labelArrow: 'none', grid: true, tickFormat: '~r' },
      marks: [
        Plot.line(line, {
          x: (ratio: number) => ratio,
          y: (ratio: number) => Math.max(1, ratio),
          stroke: formula,
        }),
        Plot.line(line, {
          x: (ratio: number) => ratio,
          y: (ratio: number) => 1 + ratio,
          stroke: formula,
          strokeDasharray: '5,3',
        }),
        ...dots.map(({ ratio, step, look, isSerial }) =>
          Plot.dot([{ ratio, step }], {
            x: 'ratio',
            y: 'step',
            r: 5,
            symbol: look.symbol,
            fill: isSerial ? 'var(--paper)' : look.stroke,
            stroke: isSerial ? look.stroke : 'var(--paper)',
            strokeWidth: isSerial ? 2 : 1,
          }),
        ),
      ],
    };
  },
});

function legendOf(points: readonly OverlapPoint[]): Html {
  const kinds = [...new Map(points.map((point) => [point.name, point])).values()];
  const line = (dash: string): Html =>
    glyph(30, 14, [Plot.ruleY([0], { stroke: formula, strokeDasharray: dash, strokeWidth: 1.5 })]);
  return html`<ul class="legend">
    ${kinds.map(({ name, variant, isSerial }) => {
      const { symbol, stroke } = lookOfVariant(variant);
      const mark = glyph(16, 14, [
        Plot.dot([0], {
          frameAnchor: 'middle',
          r: 4.5,
          symbol,
          fill: isSerial ? 'var(--paper)' : stroke,
          stroke,
          strokeWidth: 2,
        }),
      ]);
      return html`<li>${mark} ${name}</li>`;
    })}
    <li>${line('none')} max(c, T)</li>
    <li>${line('5,3')} c + T</li>
  </ul>`;
}
