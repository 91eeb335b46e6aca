// Idle time beside the least that is possible, condition by condition.

import { formatRate, rateOf } from '../devices.ts';
import { idleOfWorkers, leastIdleShare, leastStepSeconds, ownStepSeconds } from '../measures.ts';
import { formatQuantity } from '../quantity.ts';
import { estimate, mean } from '../statistics.ts';
import type { FinishedTrial } from '../trials.ts';
import { byCondition } from '../trials.ts';
import type { StudyTable } from './exhibit.ts';
import { nameOfVariant } from './variant-look.ts';

const right = { align: 'right' } as const;

export const boundTable = (trials: readonly FinishedTrial[]): StudyTable => ({
  kind: 'table',
  caption:
    'Idle share of the workers, from commit to commit, beside the least that any schedule allows with the same computing and sending; and how long a step took, beside the least.',
  columns: [
    { title: 'workload' },
    { title: 'devices', ...right },
    { title: 'link' },
    { title: 'microbatches', ...right },
    { title: 'how' },
    { title: 'idle', ...right },
    { title: 'least idle', ...right },
    { title: 'above it, points', ...right },
    { title: 'step', ...right },
    { title: 'least step', ...right },
  ],
  rows: byCondition(trials).map((own) => {
    const { devices, training, variant, workload } = own[0]!.condition;
    const share = (figure: (trial: FinishedTrial) => number): string =>
      formatQuantity(estimate(own.map(figure)), 'share');
    const seconds = (figure: (trial: FinishedTrial) => number): string =>
      formatQuantity(estimate(own.map(figure)), 'seconds');
    const idle = ({ outcome: { run } }: FinishedTrial): number => idleOfWorkers(run);
    return [
      workload,
      String(devices.length),
      rateOf(devices) > 0 ? formatRate(rateOf(devices)) : 'as it is',
      String(training['microbatches']),
      nameOfVariant(variant),
      share(idle),
      share(leastIdleShare),
      (100 * mean(own.map((trial) => idle(trial) - leastIdleShare(trial)))).toFixed(1),
      seconds(ownStepSeconds),
      seconds((trial) => leastStepSeconds(trial) * trial.place.scale),
    ];
  }),
});
