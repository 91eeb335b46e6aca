// What samples cost in joules: a row a condition, and curves over rates and numbers of devices.

import { formatRate, rateOf } from '../devices.ts';
import { joulesPart, joulesToTarget } from '../measures.ts';
import { formatQuantity } from '../quantity.ts';
import { estimate } from '../statistics.ts';
import type { StudySetting, Variant } from '../study.ts';
import { byCondition } from '../trials.ts';
import type { FinishedTrial } from '../trials.ts';
import type { Figure, StudyTable } from './exhibit.ts';
import { sweepFigure } from './sweep.ts';
import { nameOfVariant } from './variant-look.ts';

export function energyTable(finished: readonly FinishedTrial[]): StudyTable {
  const right = { align: 'right' } as const;
  const part = (
    own: readonly FinishedTrial[],
    figure: (run: FinishedTrial['outcome']['run']) => number | undefined,
  ): string => {
    const values = own.flatMap(({ outcome: { run } }) => figure(run) ?? []);
    return values.length === 0 ? '–' : formatQuantity(estimate(values), 'joules');
  };
  return {
    kind: 'table',
    caption:
      'Joules of a sample over all devices: what they draw standing there, and what comes on top, told apart as far as the source can; and joules until the target accuracy was first measured.',
    columns: [
      { title: 'workload' },
      { title: 'devices', ...right },
      { title: 'link' },
      { title: 'how' },
      { title: 'a sample', ...right },
      { title: 'floor', ...right },
      { title: 'on top', ...right },
      { title: 'computing', ...right },
      { title: 'radio', ...right },
      { title: 'to target', ...right },
    ],
    rows: byCondition(finished).map((own) => {
      const { workload, devices, variant } = own[0]!.condition;
      return [
        workload,
        String(devices.length),
        rateOf(devices) > 0 ? formatRate(rateOf(devices)) : 'as it is',
        nameOfVariant(variant),
        part(own, (run) => run.joulesPerSample),
        part(own, (run) => joulesPart(run, 'floorJoules')),
        part(own, (run) => joulesPart(run, 'marginalJoules')),
        part(own, (run) => joulesPart(run, 'computeJoules')),
        part(own, (run) => joulesPart(run, 'radioJoules')),
        part(own, joulesToTarget),
      ];
    }),
  };
}

/** Over the rate of the links, and over the number of devices. */
export function energySweeps(
  { devices, isReal }: StudySetting,
  finished: readonly FinishedTrial[],
  compared: readonly Variant[],
): readonly Figure[] {
  const dense = finished.filter(({ condition }) => condition.workload === 'dense');
  const common = {
    variants: compared,
    y: 'mJ of a sample',
    figure: (trial: FinishedTrial) => 1000 * (trial.outcome.run.joulesPerSample ?? NaN),
    logY: true,
  } as const;
  const note = 'all devices together; bars are 95 % intervals.';
  return [
    ...sweepFigure(
      dense.filter(({ condition }) => condition.devices.length === devices.length),
      {
        ...common,
        caption: `Joules of a sample by rate of the links, ${devices.length} devices, ${note}`,
        x: 'rate of a link, Mbit/s',
        at: ({ devices: on }) => rateOf(on) / 1e6,
        logX: true,
      },
    ),
    ...sweepFigure(
      dense.filter(({ condition }) => isReal || rateOf(condition.devices) === rateOf(devices)),
      {
        ...common,
        caption: `Joules of a sample by number of devices, ${note}`,
        x: 'devices',
        at: ({ devices: on }) => on.length,
      },
    ),
  ];
}
