// Notes what a node does and when, for its meter, and if wanted keeps the newest entries for a trace.

import { Meter } from '../meter/fold.ts';
import type { ProcessUsage, Recording } from '../meter/recording.ts';
import type { Entry } from '../meter/timeline.ts';
import { beginsStep, describeWork, isAside, isPreparation } from '../meter/works.ts';
import type { IdleCause, Message, NodeId, Work } from '../node.ts';
import type { EnergyReport } from '../ports.ts';

/** Of the newest entries, how many are kept: a few steps of a long ring, less than a megabyte. */
const keptEntries = 5000;

/** What a recorder reads of its device. */
export interface DeviceGauges {
  /** Seconds on its clock. */
  readonly now: () => number;
  /** How long the engine has computed in all. */
  readonly busySeconds: () => number;
  /** What the engine's tensors take now. */
  readonly tensorBytes: () => number;
  /** What the process has used; tensors are the recorder's to add. */
  readonly usage: () => Omit<ProcessUsage, 'tensorBytes'>;
}

export class Recorder {
  /** Entries are wanted, not only figures. */
  keepsEntries = false;
  /** Is told when training stands still for the model to be tested or saved, and when it goes on. */
  onPause: ((isPaused: boolean) => void) | undefined;
  /** Told of the first commit, and of each pause: what is measured besides counts the same time. */
  onMeasuring: ((isMeasuring: boolean) => void) | undefined;
  /** What a sensor of this device has measured meanwhile. */
  energy: (() => EnergyReport | undefined) | undefined;
  readonly #gauges: DeviceGauges;
  readonly #meter = new Meter();
  #entries: Entry[] = [];
  #busyBefore = 0;
  #isPaused = false;
  #hasCommitted = false;
  #tensorBytes = 0;

  constructor(gauges: DeviceGauges) {
    this.#gauges = gauges;
  }

  /** Seconds on this device's clock. */
  now(): number {
    return this.#gauges.now();
  }

  /** The engine is given a work. */
  given(work: Work): void {
    if (isAside(work)) this.pause(true);
    else if (beginsStep(work)) this.pause(false);
    else if (isPreparation(work) && this.#hasCommitted)
      this.note({ type: 'abandon', at: this.now() });
  }

  /** Also by the word of another node: not everyone has a part in a test. */
  pause(isPaused: boolean): void {
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    this.note({ type: isPaused ? 'pause' : 'resume', at: this.now() });
    this.onPause?.(isPaused);
    if (this.#hasCommitted) this.onMeasuring?.(!isPaused);
  }

  /** A work is done; how long the engine computed for it, in seconds. */
  computed(work: Work): number {
    this.#tensorBytes = Math.max(this.#tensorBytes, this.#gauges.tensorBytes());
    const end = this.now();
    const busy = this.#gauges.busySeconds();
    const seconds = busy - this.#busyBefore;
    this.note({ type: 'compute', ...describeWork(work), start: end - seconds, end });
    this.#busyBefore = busy;
    return seconds;
  }

  waits(cause: IdleCause): void {
    this.note({ type: 'wait', cause, at: this.now() });
  }

  committed(step: number): void {
    this.note({ type: 'commit', step, at: this.now() });
    if (this.#hasCommitted) return;
    this.#hasCommitted = true;
    if (!this.#isPaused) this.onMeasuring?.(true);
  }

  /** A message has come as a frame of so many bytes at `at`, and was decoded since. */
  received(from: NodeId, message: Message, bytes: number, at: number): void {
    const now = this.now();
    this.note({ type: 'receive', from, message: message.type, bytes, at });
    this.note({ type: 'serialise', seconds: now - at, at });
    if (message.type === 'pulled' && message.staleness !== undefined)
      this.note({ type: 'answer', staleness: message.staleness, at: now });
  }

  note(entry: Entry): void {
    this.#meter.add(entry);
    if (!this.keepsEntries) return;
    this.#entries.push(entry);
    if (this.#entries.length >= 2 * keptEntries) this.#entries = this.#entries.slice(-keptEntries);
  }

  get recording(): Recording {
    const entries = this.#entries.slice(-keptEntries);
    const energy = this.energy?.();
    return {
      figures: this.#meter.figures,
      usage: { ...this.#gauges.usage(), tensorBytes: this.#tensorBytes },
      ...(energy && { energy }),
      entries,
    };
  }
}
