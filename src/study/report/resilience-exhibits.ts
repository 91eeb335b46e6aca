// What the study of resilience shows: where training stood still, for how long, and what became of each run.

import { formatQuantity } from '../quantity.ts';
import { replayedSteps } from '../recovery.ts';
import {
  isDisturbed,
  known,
  lossDifferences,
  lostSamples,
  most,
  stalls,
} from '../resilience-cases.ts';
import type { Case } from '../resilience-cases.ts';
import { lostLate, scenarios } from '../resilience-scenarios.ts';
import { estimate, mean } from '../statistics.ts';
import type { Exhibit } from './exhibit.ts';
import type { Canvas } from './plot.ts';
import { progressFigure } from './progress-figure.ts';
import { rowsOfBars } from './rows.ts';
import { lookOfVariant, nameOfVariant } from './variant-look.ts';

export function resilienceExhibits(cases: readonly Case[]): readonly Exhibit[] {
  const disturbed = cases.filter(isDisturbed);
  const measured = disturbed.filter((each) => stalls(each).length > 0);
  const longest = most(measured.flatMap(stalls));
  const late = cases.filter(({ scenario }) => scenario === lostLate);
  return [
    ...progressFigure(
      'Steps done over time, as a worker is lost (the dot): where a curve is level, training stands still. One run of each; the thin line is the same way to train, undisturbed.',
      late.flatMap(({ variant, finished, quiet: [partner] }) => {
        const [first] = finished;
        return first
          ? [
              {
                variant,
                run: first.outcome.run,
                ...(partner && { undisturbed: partner.outcome.run }),
              },
            ]
          : [];
      }),
    ),
    ...(measured.length > 0
      ? [
          {
            kind: 'figure' as const,
            caption:
              'How long training stood still: the longest time between two new steps from the fault on, beyond what a step takes. Circles are single runs.',
            label: 'Seconds for which training stood still, by what happened and way to train',
            draw: (canvas: Canvas) =>
              rowsOfBars(
                scenarios.flatMap(({ name }) => {
                  const own = measured.filter(({ scenario }) => scenario.name === name);
                  return own.length === 0 ? [] : [{ title: name, rows: own.map(barOf) }];
                }),
                {
                  domain: [0, 1.02 * longest || 1],
                  axis: 'seconds without a new step',
                  tickFormat: String,
                },
                canvas,
              ),
          },
        ]
      : []),
    tableOf(cases),
  ];
}

const barOf = (each: Case) => {
  const seconds = stalls(each);
  return {
    label: nameOfVariant(each.variant),
    segments: [{ from: 0, to: mean(seconds), fill: lookOfVariant(each.variant).stroke, label: '' }],
    value: formatQuantity(estimate(seconds), 'seconds'),
    points: seconds,
  };
};

const right = { align: 'right' } as const;

const tableOf = (cases: readonly Case[]): Exhibit => ({
  kind: 'table',
  caption:
    'What became of each run: how many came to their end, how long they stood still, what was done again, what was left out, and what they had learned in the end beside an undisturbed run. Means of the repeats.',
  columns: [
    { title: 'what happens' },
    { title: 'how' },
    { title: 'ended', ...right },
    { title: 'stood still', ...right },
    { title: 'steps again', ...right },
    { title: 'samples left out', ...right },
    { title: 'run', ...right },
    { title: 'final loss', ...right },
    { title: 'difference', ...right },
    { title: 'accuracy', ...right },
  ],
  rows: cases.map((each) => {
    const runs = each.finished.map(({ outcome: { run } }) => run);
    const differences = lossDifferences(each);
    const accuracies = known(runs.map(({ accuracy }) => accuracy));
    const some = (values: readonly number[], text: (values: readonly number[]) => string): string =>
      values.length > 0 ? text(values) : '–';
    const isQuiet = !isDisturbed(each);
    return [
      each.scenario.name,
      nameOfVariant(each.variant),
      `${runs.length} of ${each.trials.length}`,
      some(stalls(each), (values) => formatQuantity(estimate(values), 'seconds')),
      isQuiet ? '–' : some(runs.map(replayedSteps), (values) => mean(values).toFixed(1)),
      isQuiet ? '–' : some(lostSamples(each), (values) => mean(values).toFixed(0)),
      some(
        runs.map(({ seconds }) => seconds),
        (values) => formatQuantity(estimate(values), 'seconds'),
      ),
      some(
        runs.map(({ finalLoss }) => finalLoss),
        (values) => mean(values).toFixed(4),
      ),
      isQuiet
        ? '–'
        : some(differences, (values) =>
            values.every((value) => value === 0) ? 'none' : mean(values).toPrecision(2),
          ),
      some(accuracies, (values) => formatQuantity(estimate(values), 'share')),
    ];
  }),
});
