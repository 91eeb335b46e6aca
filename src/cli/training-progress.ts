// How far a training has come, as its reports tell: what the display shows and metrics.jsonl keeps.

import type { Metrics } from '../checkpoint/metrics.ts';
import type { Report } from '../node.ts';
import { Pace } from './pace.ts';

export class TrainingProgress {
  readonly pace: Pace;
  step = 0;
  epoch = 0;
  samples = 0;
  loss: number | undefined;
  testLoss: number | undefined;
  accuracy: number | undefined;
  savedStep: number | undefined;
  /** Done since this process took the run up, each counted once. */
  ownSteps = 0;
  /** How long the last re-forming took, from when a node was known to be lost, or from the step before it. */
  reformSeconds = 0;
  /** Of the steps alone, without tests and checkpoints. */
  trainingSeconds = 0;
  /** What workers were sent before the first step, and how long that took. */
  shipped:
    | { readonly samples: number; readonly bytes: number; readonly seconds: number }
    | undefined;
  readonly #steps: number;
  readonly #now: () => number;
  #begunAt: number;
  #shippingAt = 0;
  #steppedAt = 0;
  #lostAt: number | undefined;

  /** `steps`: of the whole training; `now` in milliseconds. */
  constructor(steps: number, now: () => number = () => performance.now()) {
    this.#steps = steps;
    this.#now = now;
    this.#begunAt = now();
    this.pace = new Pace(now);
  }

  /** Since all were formed and had their samples. */
  get seconds(): number {
    return (this.#now() - this.#begunAt) / 1000;
  }

  get secondsLeft(): number {
    return this.ownSteps > 0 ? (this.seconds / this.ownSteps) * (this.#steps - this.step) : 0;
  }

  /** Goes on with a run that had come so far; `savedStep`: of its checkpoint, if there is one. */
  takeUp(step: number, savedStep: number | undefined): void {
    this.step = step;
    this.savedStep = savedStep;
  }

  /** Takes a report in; gives the line of metrics that it makes, if it makes one. */
  take(report: Report): Metrics | undefined {
    switch (report.kind) {
      case 'formed':
        this.#begunAt = this.#now();
        this.pace.restart();
        return undefined;
      case 'shipping':
        this.#shippingAt = this.#now();
        return undefined;
      case 'shipped': {
        const { samples, bytes } = report;
        this.shipped = { samples, bytes, seconds: (this.#now() - this.#shippingAt) / 1000 };
        this.#begunAt = this.#now();
        this.pace.restart();
        return undefined;
      }
      case 'step': {
        const { step, epoch, loss, learningRate, samples } = report;
        Object.assign(this, { step, epoch, loss });
        this.ownSteps += 1;
        this.#steppedAt = this.#now();
        const samplesPerSecond = this.pace.passed(samples);
        this.samples += samples;
        this.trainingSeconds += samples / samplesPerSecond;
        return { step, epoch, loss, learningRate, samplesPerSecond };
      }
      case 'evaluated': {
        this.pace.restart();
        this.testLoss = report.loss;
        this.accuracy = report.accuracy;
        const { step, epoch, loss: testLoss, accuracy: testAccuracy } = report;
        return { step, epoch, testLoss, testAccuracy };
      }
      case 'saved':
        this.pace.restart();
        this.savedStep = report.step;
        return undefined;
      case 'lost':
        this.#lostAt ??= this.#now();
        return undefined;
      case 'reformed':
        this.reformSeconds = (this.#now() - (this.#lostAt ?? this.#steppedAt)) / 1000;
        this.#lostAt = undefined;
        this.pace.restart();
        return undefined;
      case 'replayed':
        this.pace.restart();
        return undefined;
      case 'joined':
      case 'dropped':
      case 'staleness':
      case 'evaluating':
      case 'output':
        return undefined;
    }
  }
}
