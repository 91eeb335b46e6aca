// Steps over time, run by run: where a training stood still, its curve is level.

import * as Plot from '@observablehq/plot';

import { firstFaultSeconds } from '../recovery.ts';
import type { Run } from '../results.ts';
import type { Variant } from '../study.ts';
import type { Figure } from './exhibit.ts';
import { lookOfVariant, variantLegend } from './variant-look.ts';

export interface ProgressCurve {
  readonly variant: Variant;
  readonly run: Run;
  /** The same without a fault, drawn thin. */
  readonly undisturbed?: Run;
}

/** Where the curve of a run is at this time: the last step that was done. */
const stepsAt = ({ steps }: Run, seconds: number): number =>
  steps.findLast((step) => step.seconds <= seconds)?.step ?? 0;

/** None without runs. */
export function progressFigure(
  caption: string,
  shown: readonly ProgressCurve[],
): readonly Figure[] {
  if (shown.length === 0) return [];
  const faults = shown.flatMap(({ variant, run }) => {
    const seconds = firstFaultSeconds(run);
    return seconds === undefined ? [] : [{ variant, seconds, step: stepsAt(run, seconds) }];
  });
  return [
    {
      kind: 'figure',
      caption,
      label: 'Steps done over time, by way to train',
      legend: variantLegend(shown.map(({ variant }) => variant)),
      draw: ({ narrow }) => ({
        height: narrow ? 300 : 360,
        marginTop: 26,
        marginLeft: 60,
        marginRight: 18,
        marginBottom: 44,
        x: { label: 'seconds', labelAnchor: 'center', labelArrow: 'none' },
        y: { label: 'steps done', labelArrow: 'none', grid: true },
        marks: [
          ...shown.flatMap(({ variant, run, undisturbed }) => {
            const { stroke } = lookOfVariant(variant);
            const line = ({ steps }: Run, strokeWidth: number, strokeOpacity: number) =>
              Plot.line([{ seconds: 0, step: 0 }, ...steps], {
                x: 'seconds',
                y: 'step',
                curve: 'step-after',
                stroke,
                strokeWidth,
                strokeOpacity,
              });
            return [...(undisturbed ? [line(undisturbed, 1, 0.6)] : []), line(run, 2, 1)];
          }),
          ...faults.map(({ variant, seconds, step }) =>
            Plot.dot([{ seconds, step }], {
              x: 'seconds',
              y: 'step',
              r: 5,
              fill: lookOfVariant(variant).stroke,
              stroke: 'var(--paper)',
            }),
          ),
        ],
      }),
    },
  ];
}
