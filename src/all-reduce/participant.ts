// A node's part in the steps of an all-reduce, the same on master and worker: its share of the batch
// through its replica, and every gradient into the ring as soon as it is complete.

import type { Block, IdleCause, Message, Mode, Work, WorkResult } from '../node.ts';
import type { MessageOf } from '../protocol/messages.ts';
import type { Outbox } from '../machine/outbox.ts';
import type { WorkQueue } from '../machine/work-queue.ts';
import { ReplicaRun } from '../data-parallel/replica-run.ts';
import { shareOf } from '../data-parallel/share.ts';
import { bucketsOf } from './buckets.ts';
import { RingReduce } from './ring-reduce.ts';
import type { Seat } from './ring-reduce.ts';

export class Participant {
  readonly #seat: Seat;
  readonly #run: ReplicaRun;
  readonly #reduce: RingReduce;
  #step: number;
  #hasBegun = false;

  /** `fullRows`: of a full microbatch; `done`: steps before the first. */
  constructor(
    blocks: readonly Block[],
    fullRows: number,
    seat: Seat,
    done: number,
    outbox: Outbox,
    works: WorkQueue,
  ) {
    this.#seat = seat;
    this.#step = done - 1;
    this.#reduce = new RingReduce(bucketsOf(blocks, seat.nodes), seat, done, outbox, works);
    const gates = {
      mayForward: () => true,
      mayWeigh: (block: number) => this.#reduce.hasLeft(block),
    };
    this.#run = new ReplicaRun(blocks, fullRows, gates, (block) => this.#reduce.own(block));
  }

  /** The one that is under way, or was last. */
  get step(): number {
    return this.#step;
  }

  /** This node's part of the loss is known. */
  get isComputed(): boolean {
    return this.#run.isDone;
  }

  /** Every gradient of the step is the sum over all nodes. */
  get isReduced(): boolean {
    return this.#run.isDone && this.#reduce.isDone;
  }

  /** What it waits for when there is nothing to compute. */
  get idleCause(): IdleCause {
    if (!this.#hasBegun) return 'start';
    if (!this.#run.isDone) return 'link';
    return this.#reduce.isDone ? 'parameters' : 'gradient';
  }

  get loss(): number {
    return this.#run.loss;
  }

  get correct(): number | undefined {
    return this.#run.correct;
  }

  /** This node's share of a batch of so many rows. */
  begin(step: number, rows: number): void {
    this.#step = step;
    this.#hasBegun = true;
    this.#reduce.begin(step);
    const share = shareOf(rows, this.#seat.index, this.#seat.nodes);
    this.#run.begin({ pass: step + 1, step, mode: 'train', share, batchRows: rows });
  }

  /** All of so many test samples: only who has them can. */
  evaluate(step: number, rows: number): void {
    const mode: Mode = 'evaluate';
    this.#run.begin({ pass: step + 1, step, mode, share: { position: 0, rows }, batchRows: rows });
  }

  /** False when it is not due. */
  take(message: MessageOf<'reduce'>): boolean {
    return this.#reduce.take(message);
  }

  sent(message: Message): void {
    this.#reduce.sent(message);
  }

  computed(work: Work, result: WorkResult): void {
    if (this.#reduce.computed(work, result)) return;
    const block = this.#run.computed(work, result);
    if (block !== undefined) this.#reduce.ready(block, result.payloads!);
  }

  nextWork(): Work | undefined {
    return this.#run.next();
  }
}
