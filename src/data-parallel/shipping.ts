// The data are on one device. Before the clock starts its master sends each worker those training
// samples that the worker's share of the planned steps needs, each once, in bounded frames of which few
// are on their way at a time.

import type { Message, NodeId, Payload, Work } from '../node.ts';
import type { Outbox } from '../machine/outbox.ts';
import type { WorkQueue } from '../machine/work-queue.ts';
import { shareOf } from './share.ts';

export interface Data {
  /** The samples of the batch of `step`, in order. */
  readonly order: (step: number) => ArrayLike<number>;
  readonly trainCount: number;
  /** Of one sample with its target. */
  readonly sampleBytes: number;
  /** Steps of the whole training. */
  readonly steps: number;
}

const frameBytes = 1 << 20;
/** Frames that are read, sent or not yet acknowledged. */
const framesAhead = 3;

/** The samples that each worker's share of the steps from `from` on takes: for each worker, by sample, whether. */
export function samplesOfShares(data: Data, workers: number, from = 0): readonly Uint8Array[] {
  const needed = Array.from({ length: workers }, () => new Uint8Array(data.trainCount));
  const missing = needed.map(() => data.trainCount);
  for (let step = from; step < data.steps && missing.some((count) => count > 0); step += 1) {
    const batch = data.order(step);
    for (const [worker, marks] of needed.entries()) {
      const { position, rows } = shareOf(batch.length, worker, workers);
      for (let place = position; place < position + rows; place += 1) {
        const sample = batch[place]!;
        if (marks[sample] === 1) continue;
        marks[sample] = 1;
        missing[worker]! -= 1;
      }
    }
  }
  return needed;
}

interface Parcel {
  readonly to: NodeId;
  readonly indices: readonly number[];
}

export class Shipping {
  readonly #data: Data;
  readonly #outbox: Outbox;
  readonly #works: WorkQueue;
  /** What each worker has, or will have when all parcels have arrived. */
  readonly #has = new Map<NodeId, Uint8Array>();
  readonly #waiting: Parcel[] = [];
  /** Being read, in order. */
  readonly #reading: Parcel[] = [];
  /** Frames that each worker has still to acknowledge. */
  readonly #unacknowledged = new Map<NodeId, number>();
  /** Sent so far. */
  samples = 0;
  bytes = 0;

  constructor(data: Data, outbox: Outbox, works: WorkQueue) {
    this.#data = data;
    this.#outbox = outbox;
    this.#works = works;
  }

  get isDone(): boolean {
    return this.#waiting.length === 0 && this.#underWay === 0;
  }

  get #underWay(): number {
    return [...this.#unacknowledged.values()].reduce((a, b) => a + b, this.#reading.length);
  }

  /**
   * Plans what these workers lack for the steps from `from` on; all in order of their shares. The one
   * that is `undefined` has the data.
   */
  plan(workers: readonly (NodeId | undefined)[], from = 0): void {
    const rows = Math.max(1, Math.floor(frameBytes / this.#data.sampleBytes));
    for (const [worker, needed] of samplesOfShares(this.#data, workers.length, from).entries()) {
      const to = workers[worker];
      if (to === undefined) continue;
      const has = this.#has.get(to) ?? new Uint8Array(needed.length);
      this.#has.set(to, has);
      const lacking: number[] = [];
      for (const [sample, mark] of needed.entries())
        if (mark === 1 && has[sample] === 0) {
          has[sample] = 1;
          lacking.push(sample);
        }
      for (let at = 0; at < lacking.length; at += rows)
        this.#waiting.push({ to, indices: lacking.slice(at, at + rows) });
    }
    this.#read();
  }

  /** What was being read was given up: it is read again with what is planned next. */
  giveUp(): void {
    this.#waiting.unshift(...this.#reading.splice(0));
  }

  /** Nothing more goes to a worker that is gone; what was read for it is passed over. */
  drop(worker: NodeId): void {
    this.#has.delete(worker);
    this.#unacknowledged.delete(worker);
    const others = this.#waiting.filter(({ to }) => to !== worker);
    this.#waiting.splice(0, this.#waiting.length, ...others);
    this.#read();
  }

  #read(): void {
    while (this.#underWay < framesAhead) {
      const parcel = this.#waiting.shift();
      if (!parcel) return;
      this.#reading.push(parcel);
      this.#works.addUrgent({ kind: 'readSamples', indices: parcel.indices });
    }
  }

  /** Samples were read: off they go. */
  computed(work: Extract<Work, { kind: 'readSamples' }>, payload: Payload): void {
    const { to } = this.#reading.shift()!;
    if (!this.#has.has(to)) return;
    this.#unacknowledged.set(to, (this.#unacknowledged.get(to) ?? 0) + 1);
    this.samples += work.indices.length;
    this.bytes += payload.bytes;
    const message: Message = { type: 'samples', payload };
    this.#outbox.send(to, message);
  }

  /** A worker has a frame of samples in place. */
  kept(worker: NodeId): void {
    const unacknowledged = this.#unacknowledged.get(worker) ?? 0;
    if (unacknowledged > 0) this.#unacknowledged.set(worker, unacknowledged - 1);
    this.#read();
  }
}
