// What a training tells the one who started it: a display takes reports as they come. This one is for
// a person; training-json.ts is the same for a program.

import type { ResolvedTraining } from '../model/training.ts';
import type { Report } from '../node.ts';
import type { EngineDescription } from '../ports.ts';
import { formatCount, formatDuration, formatLoss, formatNumberOf, formatShare } from './format.ts';
import { bar, LiveLine } from './live-line.ts';
import type { LineOutput } from './live-line.ts';
import type { TrainingProgress } from './training-progress.ts';
import { ringTable, ringWarnings } from './ring-table.ts';

export interface TrainingDisplay {
  started(engine: EngineDescription): void;
  /** Workers are waited for, who may come in by any of the invitations. */
  waiting(workers: number, invitations: readonly string[]): void;
  /** `progress` has taken the report already. */
  report(report: Report, progress: TrainingProgress): void;
  stopping(): void;
  /** Also when it ends early; why is told elsewhere. */
  ended(progress: TrainingProgress, folder: string, isComplete: boolean): void;
}

const barWidth = 20;

export function personDisplay(training: ResolvedTraining, output: LineOutput): TrainingDisplay {
  const line = new LiveLine(output);
  const { resolved } = training;
  const epochs = Math.ceil(resolved.steps / resolved.stepsPerEpoch);
  const epochWidth = String(epochs).length;
  const epochOf = (epoch: number): string =>
    `epoch ${String(epoch + 1).padStart(epochWidth)}/${epochs}`;

  const progressLine = (progress: TrainingProgress): string => {
    const { step, epoch, loss, secondsLeft, pace } = progress;
    const stepWidth = formatCount(resolved.steps).length;
    return [
      `${bar(step / resolved.steps, barWidth)} ${epochOf(epoch)}`,
      `step ${formatCount(step).padStart(stepWidth)}/${formatCount(resolved.steps)}`,
      `loss ${formatLoss(loss ?? Number.NaN)}`,
      `${formatCount(pace.samplesPerSecond)} samples/s`,
      `${formatDuration(secondsLeft)} left`,
    ].join('  ');
  };

  const epochLine = (report: Extract<Report, { kind: 'evaluated' }>): string =>
    [
      epochOf(report.epoch),
      ...(report.loss === undefined ? [] : [`test loss ${formatLoss(report.loss)}`]),
      ...(report.accuracy === undefined ? [] : [`test accuracy ${formatShare(report.accuracy)}`]),
    ].join('  ');

  return {
    started: ({ name, threads }) => {
      line.print(`engine: ${name}${threads > 1 ? `, ${threads} threads` : ''}`);
    },
    waiting(workers, invitations) {
      line.print(
        `waiting for ${formatNumberOf(workers, 'worker')}: on ${workers > 1 ? 'each of the other devices' : 'the other device'}, run`,
        ...invitations.map((invitation) => `  ringtmp join ${invitation}`),
        ...(invitations.length > 1 ? ['(the one whose address that device can reach)'] : []),
      );
    },
    report(report, progress) {
      switch (report.kind) {
        case 'joined': {
          const missing = report.wanted - report.joined;
          line.print(
            `${report.node} joined: ${report.name}${missing > 0 ? ` (${formatNumberOf(missing, 'worker')} missing)` : ''}`,
          );
          break;
        }
        case 'formed':
          line.print(
            '',
            ...ringTable(report.nodes, training),
            '',
            ...ringWarnings(report.nodes, training).map((warning) => `warning: ${warning}`),
          );
          break;
        case 'step':
          line.update(() => progressLine(progress));
          break;
        case 'evaluating':
          line.update(
            () =>
              `testing ${formatCount(report.done)}/${formatCount(report.samples)} after ${epochOf(progress.epoch)}`,
          );
          break;
        case 'evaluated':
          line.print(epochLine(report));
          break;
        case 'output':
        case 'saved':
          break;
      }
    },
    stopping: () => line.print('stopping: saving what there is (Ctrl-C again to end at once)'),
    ended(progress, folder, isComplete) {
      line.clear();
      if (!isComplete) return;
      const { step, samples, seconds, trainingSeconds, accuracy, testLoss } = progress;
      line.print(
        '',
        `trained ${formatNumberOf(step, 'step')} in ${formatDuration(seconds)}, ${formatCount(samples / trainingSeconds)} samples/s`,
        ...(accuracy === undefined ? [] : [`test accuracy: ${formatShare(accuracy)}`]),
        ...(accuracy === undefined && testLoss !== undefined
          ? [`test loss: ${formatLoss(testLoss)}`]
          : []),
        `the run is in ${folder}: look at it with`,
        `  ringtmp inspect ${folder}`,
        `  ringtmp evaluate ${folder}`,
        ...(training.data.kind === 'digits' ? [] : [`  ringtmp predict ${folder} --data FILE`]),
      );
    },
  };
}
