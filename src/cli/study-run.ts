// One trial of a study: the place is put up, the training run in a process of its own, and the place taken
// down again. What goes wrong with the training is an outcome; what goes wrong with the study is an error.

import { rm } from 'node:fs/promises';

import { RingError } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import { resolveFile } from '../study/resolve.ts';
import type { Outcome, Trial, TrialPlace } from '../study/study.ts';
import type { TrialRequest } from '../study/trials.ts';
import { startComparedProcess } from './compared-process.ts';
import type { ComparedObserver, ComparedProcess } from './compared-process.ts';
import type { EngineOptions } from './engine-options.ts';
import type { StudyPlaces } from './study-places.ts';

export interface TrialOptions {
  readonly places: StudyPlaces;
  readonly engine: EngineOptions;
  /** For the copies of layers that a run keeps; made and removed. */
  readonly folder: string;
  /** After so long a run is ended, and counts as failed. */
  readonly limitSeconds: number;
  readonly progress: ComparedObserver['progress'];
  /** Told how many devices have joined, where any are waited for. */
  readonly joined: (joined: number, wanted: number) => void;
  /** Told why a run should be made once more, and says whether to. */
  readonly again: (reason: string) => boolean;
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

/** How often a run is made that a device leaves each time. */
const attempts = 3;

/** Errors: those that are no outcome. */
export async function runTrial(request: TrialRequest, options: TrialOptions): Promise<Trial> {
  for (let attempt = 1; ; attempt += 1) {
    const trial = await attemptTrial(request, options);
    const { outcome, place } = trial;
    // A search is after what makes a device fail. In a lab, devices do not fail by chance.
    const isChance =
      place.kind === 'devices' &&
      !request.isMoot &&
      outcome.kind === 'failed' &&
      outcome.code === 'NODE_LOST';
    if (!isChance || attempt === attempts || !options.again(outcome.reason)) return trial;
  }
}

async function attemptTrial(
  { condition, repeat }: TrialRequest,
  options: TrialOptions,
): Promise<Trial> {
  const training = await resolveFile({ seed: repeat, ...condition.training }, condition.workload);
  const { places, engine, folder, limitSeconds, progress, joined, started } = options;
  const { targetAccuracy, faults, copies, untimed } = condition;
  const opened = places.open(condition.devices);
  const isAwaited = opened.request.joining && condition.variant.architecture !== 'single';
  const limit = new TimeLimit(limitSeconds);
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
      {
        progress(step, steps) {
          // Nothing is measured before the first commit. What comes then finds its code compiled, as in a long run.
          if (step === 1 && !untimed) opened.holdBack?.();
          if (step === steps) opened.letGo?.();
          progress(step, steps);
        },
        joined(count, wanted) {
          if (!isAwaited) return;
          if (count >= wanted) limit.begin(running);
          joined(count, wanted);
        },
      },
      opened.entrance,
    );
    started(running);
    // A device may take as long as it likes to come.
    if (isAwaited) joined(0, condition.devices.length - 1);
    else limit.begin(running);
    const outcome = limit.judge(requireWhole(await outcomeOf(running), opened.place));
    return { condition, repeat, place: opened.place, outcome };
  } finally {
    limit.clear();
    opened.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Ends a run that takes longer: in order at first, then outright. */
class TimeLimit {
  readonly #seconds: number;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(seconds: number) {
    this.#seconds = seconds;
  }

  /** From the first call on, time counts. */
  begin(running: ComparedProcess): void {
    this.#timer ??= setTimeout(() => {
      this.#isOver = true;
      running.stop();
      this.#timer = setTimeout(() => running.kill(), graceMilliseconds);
    }, 1000 * this.#seconds);
  }

  /** What came of a run, which failed if it was ended, whatever it had come to. */
  judge(outcome: Outcome): Outcome {
    if (!this.#isOver) return outcome;
    return { kind: 'failed', code: 'INTERRUPTED', reason: `not done within ${this.#seconds} s` };
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}

/** Devices that joined are never taken away: a run that one of them left is not the run that was asked for. */
function requireWhole(outcome: Outcome, { kind }: TrialPlace): Outcome {
  if (kind !== 'devices' || outcome.kind !== 'finished') return outcome;
  const lost = outcome.run.disturbances?.find((each) => each.kind === 'lost');
  if (!lost) return outcome;
  return { kind: 'failed', code: 'NODE_LOST', reason: `${lost.node} went away while it ran` };
}

async function outcomeOf({ ended }: ComparedProcess): Promise<Outcome> {
  try {
    return { kind: 'finished', run: await ended };
  } catch (error) {
    if (!(error instanceof RingError) || !outcomes.includes(error.code)) throw error;
    return { kind: 'failed', code: error.code, reason: error.message };
  }
}
