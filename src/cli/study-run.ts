// One trial of a study: the place is put up, the training run in a process of its own, and the place taken
// down again. What goes wrong with the training is an outcome; what goes wrong with the study is an error.

import { rm } from 'node:fs/promises';

import { RingError } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import { resolveFile } from '../study/resolve.ts';
import type { Outcome, Trial } from '../study/study.ts';
import type { TrialRequest } from '../study/trials.ts';
import { startComparedProcess } from './compared-process.ts';
import type { ComparedProcess } from './compared-process.ts';
import type { EngineOptions } from './engine-options.ts';
import type { StudyPlaces } from './study-places.ts';

export interface TrialOptions {
  readonly places: StudyPlaces;
  readonly engine: EngineOptions;
  /** For the copies of layers that a run keeps; made and removed. */
  readonly folder: string;
  /** After so long a run is ended, and counts as failed. */
  readonly limitSeconds: number;
  readonly progress: (step: number, steps: number) => void;
  /** Told of the process, to stop it. */
  readonly started: (process: ComparedProcess) => void;
}

/** What a model, a number of devices or their memory can bring about. */
const outcomes: readonly ErrorCode[] = [
  'TOO_MANY_NODES',
  'MEMORY',
  'NODE_LOST',
  'NOT_FINITE',
  'ENGINE',
];

/** How long a run that is stopped may take to end in order. */
const graceMilliseconds = 5000;

/** Errors: those that are no outcome. */
export async function runTrial(
  { condition, repeat }: TrialRequest,
  options: TrialOptions,
): Promise<Trial> {
  const training = await resolveFile({ seed: repeat, ...condition.training }, condition.workload);
  const { places, engine, folder, limitSeconds, progress, started } = options;
  const { targetAccuracy, faults, copies, untimed } = condition;
  const opened = places.open(condition.devices);
  const timers: NodeJS.Timeout[] = [];
  let isLate = false;
  try {
    const running = startComparedProcess(
      {
        ...condition.variant,
        ...opened.request,
        training,
        nodes: condition.devices.length,
        engine,
        repeat,
        ...(targetAccuracy !== undefined && { targetAccuracy }),
        ...(faults && { faults }),
        ...(copies && { copies: { ...copies, folder } }),
      },
      (step, steps) => {
        // Nothing is measured before the first commit. What comes then finds its code compiled, as in a long run.
        if (step === 1 && !untimed) opened.holdBack?.();
        if (step === steps) opened.letGo?.();
        progress(step, steps);
      },
      opened.entrance,
    );
    started(running);
    timers.push(
      setTimeout(() => {
        isLate = true;
        running.stop();
        timers.push(setTimeout(() => running.kill(), graceMilliseconds));
      }, 1000 * limitSeconds),
    );
    const outcome = await outcomeOf(running);
    const late = { code: 'INTERRUPTED', reason: `not done within ${limitSeconds} s` } as const;
    return {
      condition,
      repeat,
      place: opened.place,
      outcome: isLate ? { kind: 'failed', ...late } : outcome,
    };
  } finally {
    for (const timer of timers) clearTimeout(timer);
    opened.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function outcomeOf({ ended }: ComparedProcess): Promise<Outcome> {
  try {
    return { kind: 'finished', run: await ended };
  } catch (error) {
    if (!(error instanceof RingError) || !outcomes.includes(error.code)) throw error;
    return { kind: 'failed', code: error.code, reason: error.message };
  }
}
