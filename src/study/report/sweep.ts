// A figure over what a study varies, a curve for each way to train: devices, rates, sizes.

import { estimate } from '../statistics.ts';
import type { Condition, Variant } from '../study.ts';
import type { FinishedTrial } from '../trials.ts';
import { curves } from './curves.ts';
import type { Figure } from './exhibit.ts';
import { lookOfVariant, nameOfVariant, variantLegend } from './variant-look.ts';

export interface SweepOptions {
  readonly variants: readonly Variant[];
  readonly caption: string;
  readonly x: string;
  /** Where a trial stands. */
  readonly at: (condition: Condition) => number;
  readonly y: string;
  readonly figure: (trial: FinishedTrial) => number;
  /** Of the ring, as a thin line. */
  readonly bound?: (trial: FinishedTrial) => number;
  readonly logX?: true;
  readonly logY?: true;
  /** From 0 to 1, in percent. */
  readonly isShare?: true;
}

/** None where nothing is varied. */
export function sweepFigure(
  trials: readonly FinishedTrial[],
  options: SweepOptions,
): readonly Figure[] {
  const { caption, at, figure, bound, isShare, logX, logY, x, y } = options;
  const places = [...new Set(trials.map(({ condition }) => at(condition)))].sort((a, b) => a - b);
  if (places.length < 2) return [];
  const of = (variant: Variant): readonly FinishedTrial[] =>
    trials.filter(({ condition }) => nameOfVariant(condition.variant) === nameOfVariant(variant));
  const shown = options.variants.filter((variant) => of(variant).length > 0);
  const curveOf = (variant: Variant, value: (trial: FinishedTrial) => number) => ({
    look: lookOfVariant(variant),
    points: places.flatMap((place) => {
      const there = of(variant).filter(({ condition }) => at(condition) === place);
      return there.length > 0 ? [{ x: place, y: estimate(there.map(value)) }] : [];
    }),
  });
  const bounds = bound
    ? shown
        .filter(({ architecture }) => architecture === 'ring')
        .map((variant) => ({ ...curveOf(variant, bound), isThin: true as const }))
    : [];
  return [
    {
      kind: 'figure',
      caption,
      label: `${y} by ${x}`,
      legend: variantLegend(shown),
      draw: (canvas) =>
        curves(
          [...bounds, ...shown.map((variant) => curveOf(variant, figure))],
          {
            x,
            y,
            ticksX: places,
            formatX: String,
            ...(logX && { logX }),
            ...(logY && { logY }),
            ...(isShare && {
              domain: [0, 1] as const,
              formatY: (share: number) => `${Math.round(100 * share)} %`,
            }),
          },
          canvas,
        ),
    },
  ];
}
