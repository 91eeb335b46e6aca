// Curves with their intervals: a figure over something that is varied, a line for each way to train or other
// series. What most figures of studies are.

import * as Plot from '@observablehq/plot';

import type { Estimate } from '../statistics.ts';
import type { Look } from './palette.ts';
import type { Canvas } from './plot.ts';

export interface Curve {
  readonly look: Look;
  readonly points: readonly CurvePoint[];
  /** A thin line without symbols: a bound, a model. */
  readonly isThin?: true;
}

export interface CurvePoint {
  readonly x: number;
  readonly y: Estimate;
}

export interface CurveOptions {
  readonly x: string;
  readonly y: string;
  /** Equal factors, equal distances. */
  readonly logX?: true;
  readonly logY?: true;
  /** The least and the most that are shown; from 0 to what there is unless given. */
  readonly domain?: readonly [number, number];
  readonly ticksX?: readonly number[];
  readonly formatX?: (value: number) => string;
  readonly formatY?: (value: number) => string;
}

export function curves(
  all: readonly Curve[],
  options: CurveOptions,
  { narrow }: Canvas,
): Plot.PlotOptions {
  const { logX, logY, ticksX, formatX, formatY } = options;
  const ys = all.flatMap(({ points }) => points.map(({ y }) => y.mean + (y.halfWidth ?? 0)));
  const domain =
    options.domain ?? (logY ? undefined : [0, 1.05 * Math.max(0, ...ys.filter(Number.isFinite))]);
  const range = ({ y: { mean, halfWidth = 0 } }: CurvePoint): readonly [number, number] => [
    Math.max(domain?.[0] ?? -Infinity, mean - halfWidth),
    Math.min(domain?.[1] ?? Infinity, mean + halfWidth),
  ];
  return {
    height: narrow ? 300 : 360,
    marginTop: 26,
    marginLeft: 60,
    marginRight: 18,
    marginBottom: 44,
    x: {
      label: options.x,
      labelAnchor: 'center',
      labelArrow: 'none',
      ...(logX && { type: 'log' as const }),
      ...(ticksX && { ticks: narrow ? ticksX.filter((_, at) => at % 2 === 0) : [...ticksX] }),
      ...(formatX && { tickFormat: formatX }),
    },
    y: {
      label: options.y,
      labelArrow: 'none',
      grid: true,
      ...(logY && { type: 'log' as const }),
      ...(domain && { domain: [...domain] }),
      ...(formatY && { tickFormat: formatY }),
      ...(narrow && { ticks: 5 }),
    },
    marks: all.flatMap(({ look, points, isThin }) => [
      Plot.line(points, {
        x: 'x',
        y: ({ y }: CurvePoint) => y.mean,
        stroke: look.stroke,
        strokeWidth: isThin ? 1.2 : 2,
        strokeDasharray: isThin ? '2,3' : look.strokeDasharray,
      }),
      ...(isThin
        ? []
        : [
            Plot.ruleX(
              points.filter(({ y }) => y.halfWidth !== undefined),
              {
                x: 'x',
                y1: (point: CurvePoint) => range(point)[0],
                y2: (point: CurvePoint) => range(point)[1],
                stroke: look.stroke,
                strokeOpacity: 0.6,
              },
            ),
            Plot.dot(points, {
              x: 'x',
              y: ({ y }: CurvePoint) => y.mean,
              r: 4.5,
              symbol: look.symbol,
              fill: look.stroke,
              stroke: 'var(--paper)',
            }),
          ]),
    ]),
  };
}
