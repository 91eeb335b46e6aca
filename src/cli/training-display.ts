// What a training tells the one who started it: a display takes reports as they come. This one is for
// a person; training-json.ts is the same for a program.

import type { ResolvedTraining } from '../model/training.ts';
import type { Report } from '../node.ts';
import type { EngineDescription } from '../ports.ts';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatLoss,
  formatNumberOf,
  formatShare,
} from './format.ts';
import { figuresNotes } from './figures-notes.ts';
import type { RunFacts } from './figures-notes.ts';
import { figuresLines } from './figures-table.ts';
import { bar, LiveLine } from './live-line.ts';
import type { LineOutput } from './live-line.ts';
import type { NodeRecording } from './node-recording.ts';
import type { TrainingProgress } from './training-progress.ts';
import {
  engineLine,
  joinedLine,
  reformedLine,
  resumingLine,
  ringLines,
  waitingLines,
} from './ring-lines.ts';

export interface TrainingDisplay {
  /** A run is taken up again, of which so many steps were done. */
  resuming(folder: string, progress: TrainingProgress): void;
  started(engine: EngineDescription): void;
  /** Workers are waited for, who may come in by any of the invitations. */
  waiting(workers: number, invitations: readonly string[]): void;
  /** `progress` has taken the report already. */
  report(report: Report, progress: TrainingProgress): void;
  stopping(): void;
  /** How busy the nodes were, when the training is complete. */
  measured(recordings: readonly NodeRecording[], facts: RunFacts): void;
  /** Also when it ends early; why is told elsewhere. */
  ended(progress: TrainingProgress, folder: string, isComplete: boolean): void;
}

const barWidth = 16;

const stalenessLine = ({ pushes, mean, most }: Extract<Report, { kind: 'staleness' }>): string =>
  `staleness: ${mean.toFixed(1)} updates between a pull and its push on average, ${most} at most (of ${formatCount(pushes)})`;

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

  const shippedLine = ({ shipped }: TrainingProgress): string => {
    const { samples = 0, bytes = 0, seconds = 0 } = shipped ?? {};
    const sent = `${formatNumberOf(samples, 'sample')}, ${formatBytes(bytes)}`;
    return `sent to the workers before the first step: ${sent} in ${formatDuration(seconds)}`;
  };

  let staleness: Extract<Report, { kind: 'staleness' }> | undefined;

  return {
    resuming: (folder, progress) => line.print(resumingLine(folder, progress, resolved.steps)),
    started: (engine) => line.print(engineLine(engine)),
    waiting: (workers, invitations) => line.print(...waitingLines(workers, invitations)),
    report(report, progress) {
      switch (report.kind) {
        case 'joined':
          line.print(joinedLine(report));
          break;
        case 'formed':
          line.print(...ringLines(report.nodes, training));
          break;
        case 'shipping':
          line.update(() => 'sending the workers their samples');
          break;
        case 'shipped':
          line.print(shippedLine(progress));
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
        case 'dropped':
          line.print(`${report.node} is gone (${report.reason}): the others take over its part`);
          break;
        case 'lost':
          line.print(`${report.name} is lost: ${report.reason}`);
          break;
        case 'reformed':
          line.print(reformedLine(report, progress));
          break;
        case 'replayed':
          line.update(() => `step ${formatCount(report.step)} again, of ${report.until}`);
          break;
        case 'staleness':
          staleness = report;
          break;
        case 'output':
        case 'saved':
          break;
      }
    },
    stopping: () => line.print('stopping: saving what there is (Ctrl-C again to end at once)'),
    measured(recordings, facts) {
      line.clear();
      const table = recordings.length > 1 ? figuresLines(recordings) : [];
      for (const lines of [table, figuresNotes(recordings, facts)])
        if (lines.length > 0) line.print('', ...lines);
    },
    ended(progress, folder, isComplete) {
      line.clear();
      if (!isComplete) return;
      const { ownSteps, samples, seconds, trainingSeconds, accuracy, testLoss } = progress;
      if (staleness) line.print('', stalenessLine(staleness));
      line.print(
        '',
        `trained ${formatNumberOf(ownSteps, 'step')} in ${formatDuration(seconds)}, ${formatCount(samples / trainingSeconds)} samples/s`,
        ...(accuracy === undefined ? [] : [`test accuracy: ${formatShare(accuracy)}`]),
        ...(accuracy === undefined && testLoss !== undefined
          ? [`test loss: ${formatLoss(testLoss)}`]
          : []),
        `the run is in ${folder}: look at it with`,
        `  ringtmp inspect ${folder}`,
        `  ringtmp evaluate ${folder}`,
        `  ringtmp predict ${folder} --data ${training.data.kind === 'digits' ? 'digits' : 'FILE'}`,
      );
    },
  };
}
