// A trained model in use: its run opened, its parameters brought into a ring layer by layer, samples
// sent round once, forward only. What `evaluate` and `predict` have in common.

import { join } from 'node:path';

import { openRun } from '../checkpoint/run.ts';
import type { Run } from '../checkpoint/run.ts';
import { RingError } from '../errors.ts';
import { parseResolved } from '../model/training.ts';
import type { ResolvedTraining } from '../model/training.ts';
import type { Report } from '../node.ts';
import type { Dataset } from '../ports.ts';
import { evaluationCourse } from '../machine/course.ts';
import { formatCount } from './format.ts';
import { onInterrupt } from './interrupt.ts';
import { reachableInvitations } from './invitations.ts';
import { bar, LiveLine } from './live-line.ts';
import { startMaster } from './master-session.ts';
import { engineOf, workersOf } from './ring-flags.ts';
import type { EngineFlags, RingFlags } from './ring-flags.ts';
import { openRunStore } from './run-store.ts';
import { engineLine, joinedLine, ringLines, waitingLines } from './ring-lines.ts';

export interface UseFlags extends RingFlags, EngineFlags {}

export interface TrainedRun {
  readonly run: Run;
  readonly training: ResolvedTraining;
}

/** Opens a run and validates its training. Errors: RUN. */
export async function openTrainedRun(folder: string): Promise<TrainedRun> {
  const run = await openRun(folder);
  try {
    return { run, training: parseRunTraining(run.training, folder) };
  } catch (error) {
    await run.close();
    throw error;
  }
}

/** Validates the content of a run's training.json. Errors: RUN. */
export function parseRunTraining(value: unknown, folder: string): ResolvedTraining {
  try {
    return parseResolved(value);
  } catch (cause) {
    if (!(cause instanceof RingError)) throw cause;
    throw new RingError(
      'RUN',
      `${join(folder, 'training.json')} is not as this version of ringtmp writes it: ${cause.message}`,
      { cause },
    );
  }
}

/** Sends `samples` round a ring that holds the model. How it goes is told on stderr, what comes of it to `report`. */
export async function useRun(
  { run, training }: TrainedRun,
  samples: Dataset,
  flags: UseFlags,
  report: (report: Report) => void,
): Promise<void> {
  const line = new LiveLine(process.stderr);
  const { step } = run.position;
  const workers = workersOf(flags, 1);
  const session = await startMaster({
    training,
    purpose: 'use',
    course: evaluationCourse(samples.count, step),
    samples: { evaluate: samples },
    store: openRunStore(run, training),
    loadedStep: step,
    engine: engineOf(flags, training),
    workers,
    report(each) {
      if (each.kind === 'joined') line.print(joinedLine(each));
      else if (each.kind === 'formed' && each.nodes.length > 1)
        line.print(...ringLines(each.nodes, training));
      else if (each.kind === 'evaluating')
        line.update(
          () =>
            `${bar(each.done / each.samples, 20)} ${formatCount(each.done)}/${formatCount(each.samples)} samples`,
        );
      report(each);
    },
  });
  const release = onInterrupt(session);
  try {
    line.print(engineLine(session.engine));
    if (session.invitation !== undefined)
      line.print(...waitingLines(workers.count, reachableInvitations(session.invitation)));
    await session.ended;
  } finally {
    line.clear();
    release();
  }
}
