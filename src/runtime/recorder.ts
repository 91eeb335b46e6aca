// Notes what a node does and when, for its meter, and if wanted keeps the newest entries for a trace.

import { Meter } from '../meter/fold.ts';
import type { ProcessUsage, Recording } from '../meter/recording.ts';
import type { Entry } from '../meter/timeline.ts';
import { describeWork } from '../meter/works.ts';
import type { IdleCause, Work } from '../node.ts';

/** Of the newest entries, how many are kept: a few steps of a long ring, less than a megabyte. */
const keptEntries = 5000;

export class Recorder {
  /** Seconds on this device's clock. */
  readonly now: () => number;
  /** Entries are wanted, not only figures. */
  keepsEntries = false;
  readonly #busySeconds: () => number;
  readonly #meter = new Meter();
  #entries: Entry[] = [];
  #busyBefore = 0;

  readonly #usage: () => ProcessUsage;

  /** `busySeconds`: how long the engine has computed in all; `usage`: what its process has used. */
  constructor(now: () => number, busySeconds: () => number, usage: () => ProcessUsage) {
    this.now = now;
    this.#busySeconds = busySeconds;
    this.#usage = usage;
  }

  computed(work: Work): void {
    const end = this.now();
    const busy = this.#busySeconds();
    this.note({
      type: 'compute',
      ...describeWork(work),
      start: end - (busy - this.#busyBefore),
      end,
    });
    this.#busyBefore = busy;
  }

  waits(cause: IdleCause): void {
    this.note({ type: 'wait', cause, at: this.now() });
  }

  committed(step: number): void {
    this.note({ type: 'commit', step, at: this.now() });
  }

  note(entry: Entry): void {
    this.#meter.add(entry);
    if (!this.keepsEntries) return;
    this.#entries.push(entry);
    if (this.#entries.length >= 2 * keptEntries) this.#entries = this.#entries.slice(-keptEntries);
  }

  get recording(): Recording {
    const entries = this.#entries.slice(-keptEntries);
    return { figures: this.#meter.figures, usage: this.#usage(), entries };
  }
}
