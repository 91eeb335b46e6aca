// The runs of a study, made one after the other, as far as they are not made yet and nothing makes them moot.
// One line shows which one is under way, and how long all will take.

import type { TrialRequest } from '../study/trials.ts';
import type { Trial } from '../study/study.ts';
import type { ComparedProcess } from './compared-process.ts';
import { formatCount, formatDuration, formatNumberOf } from './format.ts';
import { bar } from './live-line.ts';
import type { LiveLine } from './live-line.ts';
import { StudyClock } from './study-clock.ts';
import type { StudyRecord } from './study-record.ts';
import { trialsIn } from './study-report.ts';
import { runTrial } from './study-run.ts';
import type { TrialOptions } from './study-run.ts';

export interface StudyRunsOptions extends Pick<
  TrialOptions,
  'places' | 'engine' | 'folder' | 'limitSeconds'
> {
  readonly requests: readonly TrialRequest[];
  readonly record: StudyRecord;
  readonly line: LiveLine;
}

export class StudyRuns {
  readonly #options: StudyRunsOptions;
  readonly #clock: StudyClock;
  #running: ComparedProcess | undefined;
  #isInterrupted = false;

  constructor(options: StudyRunsOptions) {
    this.#options = options;
    this.#clock = new StudyClock(options.requests, (request) => this.#isSettled(request));
  }

  /** No more are made, and the one that is under way counts for nothing. */
  get isInterrupted(): boolean {
    return this.#isInterrupted;
  }

  stop(): void {
    this.#isInterrupted = true;
    this.#running?.stop();
  }

  abandon(): void {
    this.#isInterrupted = true;
    this.#running?.kill();
  }

  /** Errors: those of a trial. */
  async make(): Promise<void> {
    for (const [at, request] of this.#options.requests.entries()) {
      if (this.#isInterrupted) return;
      if (!this.#isSettled(request)) await this.#makeOne(request, at);
    }
  }

  async #makeOne(request: TrialRequest, at: number): Promise<void> {
    const { requests, record, line, ...options } = this.#options;
    const begun = performance.now();
    const seconds = (): number => (performance.now() - begun) / 1000;
    const head = `${at + 1}/${requests.length} ${describe(request)}`;
    const show = (progress: string): void =>
      line.update(() => {
        const left = formatDuration(this.#clock.secondsLeft(request, seconds()));
        return `${bar(at / requests.length, 16)} ${head}${progress}, ${left} left`;
      });
    let awaited = 0;
    const timer = setInterval(
      () => show(awaited > 0 ? `, waits for ${formatNumberOf(awaited, 'more device')}` : ''),
      1000,
    );
    try {
      const trial = await runTrial(request, {
        ...options,
        progress: (step, steps) => show(`, step ${formatCount(step)}/${formatCount(steps)}`),
        joined: (joined, wanted) => (awaited = wanted - joined),
        again: (reason) => {
          if (!this.#isInterrupted) line.print(`${head}: ${reason}; it is made again`);
          return !this.#isInterrupted;
        },
        started: (process) => {
          this.#running = process;
          if (this.#isInterrupted) process.stop();
        },
      });
      if (this.#isInterrupted) return;
      this.#clock.took(request, seconds());
      await record.add(trial);
      for (const each of requests) if (this.#isMoot(each)) this.#clock.skips(each);
      line.print(`${head}: ${inShort(trial)}`);
    } catch (error) {
      // What comes of being stopped is no fault.
      if (!this.#isInterrupted) throw error;
    } finally {
      clearInterval(timer);
    }
  }

  #isSettled(request: TrialRequest): boolean {
    return this.#options.record.get(request) !== undefined || this.#isMoot(request);
  }

  #isMoot(request: TrialRequest): boolean {
    const { record, requests } = this.#options;
    return request.isMoot?.(trialsIn(record, requests)) ?? false;
  }
}

const describe = ({ condition: { workload, variant, devices }, repeat }: TrialRequest): string => {
  const how = [variant.architecture, variant.consistency].filter(Boolean).join(' ');
  return `${workload}, ${how}, ${devices.length} devices, repeat ${repeat}`;
};

const inShort = ({ outcome }: Trial): string =>
  outcome.kind === 'failed'
    ? `failed: ${outcome.reason}`
    : `${outcome.run.seconds.toFixed(1)} s, ${formatCount(outcome.run.samplesPerSecond)} samples/s`;
