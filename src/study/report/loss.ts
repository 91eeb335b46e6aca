// How the loss fell: against samples, where synchronous ways to train should lie on one line, and
// against time, where they should not. The typical run is drawn, its repeats faintly beside it.

import * as Plot from '@observablehq/plot';

import type { Group } from '../groups.ts';
import { typicalRun } from '../groups.ts';
import type { Run, StepResult } from '../results.ts';
import { lossGap } from '../verdict.ts';
import { mean } from '../statistics.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';
import { lineLegend } from './legend.ts';
import { lookOf } from './palette.ts';
import type { Canvas } from './plot.ts';
import { drawing, halfWidth } from './plot.ts';

const pointsOfCurve = 120;
/** A symbol stands at every so many points, at other places for each line, for lines may coincide. */
const pointsOfSymbol = 15;

interface Point {
  readonly samples: number;
  readonly seconds: number;
  readonly loss: number;
}

/** Steps averaged in equal parts: the loss of single batches is noise. */
export function smoothed(steps: readonly StepResult[], points = pointsOfCurve): readonly Point[] {
  const parts = Math.min(points, steps.length);
  return Array.from({ length: parts }, (_, part) => {
    const from = Math.floor((part * steps.length) / parts);
    const of = steps.slice(from, Math.floor(((part + 1) * steps.length) / parts));
    const average = (value: (step: StepResult) => number): number => mean(of.map(value));
    return {
      samples: average(({ samples }) => samples),
      seconds: average(({ seconds }) => seconds),
      loss: average(({ loss }) => loss),
    };
  });
}

export function lossSection(groups: readonly Group[]): Html {
  const longest = Math.max(...groups.map((group) => typicalRun(group).steps.length));
  const averaged = Math.ceil(longest / pointsOfCurve);
  const gap = lossGap(groups);
  const agreement =
    gap &&
    html` At equal samples, the curves of ${gap.names.join(', ')} lie within
    ${gap.gap < 1e-6 ? 'a millionth' : `${(100 * gap.gap).toPrecision(2)} %`} of each other.`;
  return html`<section id="loss">
    <h2>Loss</h2>
    <p>
      The same data, seed and batches, so that against <em>samples</em> synchronous training draws
      one line whatever the architecture; against <em>time</em>, the steeper one is the
      faster.${agreement}
    </p>
    ${lineLegend(groups)}
    <div class="pair">
      <figure>
        ${drawing('Loss against samples', halfWidth, (canvas) => lossCurves(groups, 'samples', canvas))}
      </figure>
      <figure>
        ${drawing('Loss against time', halfWidth, (canvas) => lossCurves(groups, 'seconds', canvas))}
      </figure>
    </div>
    <p class="note">
      ${averaged > 1 && `Each point is the mean of ${averaged} steps.`}
      ${
        groups.some(({ runs }) => runs.length > 1) &&
        'Bold is the run of median length, faint are its repeats.'
      }
    </p>
  </section>`;
}

/** Loss against samples or time: the typical run of each group, its repeats faintly beside it. */
export function lossCurves(
  groups: readonly Group[],
  x: 'samples' | 'seconds',
  { narrow }: Canvas,
): Plot.PlotOptions {
  const losses = groups
    .flatMap((group) => smoothed(typicalRun(group).steps))
    .map(({ loss }) => loss);
  const least = Math.min(...losses);
  const logarithmic = least > 0 && Math.max(...losses) / least > 8;
  const line = (run: Run, group: Group, strokeWidth: number, strokeOpacity: number): Plot.Markish =>
    Plot.line(smoothed(run.steps), {
      x,
      y: 'loss',
      stroke: lookOf(group).stroke,
      strokeDasharray: lookOf(group).strokeDasharray,
      strokeWidth,
      strokeOpacity,
    });
  return {
    height: narrow ? 260 : 340,
    marginTop: 34,
    marginLeft: 48,
    marginBottom: 40,
    x: {
      label: x === 'samples' ? 'samples' : 'seconds',
      labelArrow: 'none',
      labelAnchor: 'center',
      ticks: narrow ? 4 : 6,
      tickFormat: x === 'samples' ? '~s' : '~r',
    },
    y: {
      label: logarithmic ? 'loss (logarithmic)' : 'loss',
      labelArrow: 'none',
      type: logarithmic ? 'log' : 'linear',
      grid: true,
      ticks: logarithmic ? 4 : 6,
      tickFormat: '~r',
    },
    marks: [
      ...groups.flatMap((group) =>
        group.runs
          .filter((run) => run !== typicalRun(group))
          .map((run) => line(run, group, 1, 0.35)),
      ),
      ...groups.map((group) => line(typicalRun(group), group, 2, 1)),
      ...groups.map((group, at) => {
        const offset = Math.floor((pointsOfSymbol * (at + 0.5)) / groups.length);
        return Plot.dot(
          smoothed(typicalRun(group).steps).filter((_, point) => point % pointsOfSymbol === offset),
          {
            x,
            y: 'loss',
            symbol: lookOf(group).symbol,
            fill: lookOf(group).stroke,
            stroke: 'var(--paper)',
            strokeWidth: 1,
            r: 5,
          },
        );
      }),
    ],
  };
}
