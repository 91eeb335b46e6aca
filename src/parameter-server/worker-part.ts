// A worker of the parameter server, as a part of a device: it computes its share of each step that it
// has leave for, pushes each layer's gradient as soon as it is complete, while the layers below still go
// backward, and begins the next step with the first layers while the last are still on their way.

import { RingError } from '../errors.ts';
import { masterId } from '../node.ts';
import type { Block, Message, NodeId, Slice, Work, WorkResult } from '../node.ts';
import type { MessageOf } from '../protocol/messages.ts';
import { onWire } from '../machine/gradients.ts';
import type { WorkQueue } from '../machine/work-queue.ts';
import { ReplicaRun } from '../data-parallel/replica-run.ts';
import { shareOf } from '../data-parallel/share.ts';
import { Crew } from './crew.ts';
import type { ShardedKey } from './keys.ts';
import type { Post } from './post.ts';

export interface WorkerPartOptions {
  readonly keys: readonly ShardedKey[];
  /** Who holds which shard. */
  readonly servers: readonly NodeId[];
  readonly blocks: readonly Block[];
  /** Rows of a full microbatch. */
  readonly rows: number;
  /** Rows of the batch of a step. */
  readonly batchRows: (step: number) => number;
  /** The parameters in place are those of the seed. */
  readonly isOfSeed: boolean;
}

interface KeyState {
  readonly key: ShardedKey;
  /** The step that its parameters here are for. */
  step: number;
  /** The last step that its gradient was pushed in. */
  pushed: number;
}

const gradients = (slices: readonly Slice[]): Slice[] =>
  slices.map((slice) => ({ ...slice, name: `d/${slice.name}` }));

export class WorkerPart {
  readonly #options: WorkerPartOptions;
  readonly #post: Post;
  readonly #works: WorkQueue;
  readonly #crew = new Crew();
  readonly #run: ReplicaRun;
  readonly #keys: readonly KeyState[];
  readonly #byBlock: readonly (readonly KeyState[])[];
  /** The step that is computed, or comes next. */
  #step = 0;
  #hasEntered = false;
  #isComputing = false;
  isEvaluating = false;
  #settledStep: number | undefined;
  #refreshing = 0;
  #staleness = { pushes: 0, staleness: 0, stalest: 0 };

  constructor(options: WorkerPartOptions, post: Post, works: WorkQueue) {
    this.#options = options;
    this.#post = post;
    this.#works = works;
    const { keys, blocks, rows } = options;
    this.#keys = keys.map((key) => ({ key, step: 0, pushed: -1 }));
    this.#byBlock = blocks.map((_, block) => this.#keys.filter(({ key }) => key.block === block));
    this.#run = new ReplicaRun(
      blocks,
      rows,
      {
        mayForward: (block) => this.#isUpToDate(block),
        // A gradient has been received when its parameters come back: who has no rows waits for that, too.
        mayWeigh: (block) => this.#isUpToDate(block),
      },
      (block) => this.#byBlock[block]!.map(({ key }) => gradients(key.slices)),
    );
  }

  #isUpToDate(block: number): boolean {
    return this.#byBlock[block]!.every(({ step }) => step >= this.#step);
  }

  /** Takes what is meant for a worker; false when it is not. Errors: PROTOCOL. */
  take(message: Message): boolean {
    switch (message.type) {
      case 'crew':
        if (!this.#hasEntered) this.#enter(message.from);
        this.#crew.add(message.from, message.upTo, message.workers);
        return true;
      case 'pulled':
        this.#pulled(message);
        return true;
      default:
        return false;
    }
  }

  /** The first step: for step 0 parameters of the seed will do, else they are pulled. */
  #enter(step: number): void {
    this.#hasEntered = true;
    this.#step = step;
    if (step > 0 || !this.#options.isOfSeed) this.#pull(step);
  }

  #pulled({ key: number, staleness, payload }: MessageOf<'pulled'>): void {
    const state = this.#keys[number];
    if (!state)
      throw new RingError('PROTOCOL', `key ${number} came, which the model does not have`);
    // Whatever is computed from now on comes after it. It keeps the engine from nothing, so it waits for
    // nothing, and its memory is free for what comes next.
    const { slices } = state.key;
    this.#works.giveAtOnce({ kind: 'writeSlices', slices, payload });
    if (staleness === undefined) {
      this.#refreshing -= 1;
      state.step = this.#step;
      return;
    }
    state.step = state.pushed + 1;
    this.#staleness = {
      pushes: this.#staleness.pushes + 1,
      staleness: this.#staleness.staleness + staleness,
      stalest: Math.max(this.#staleness.stalest, staleness),
    };
  }

  /** Brings all keys as they are after so many updates; until then `isFresh` is false. */
  #pull(updates: number): void {
    this.#refreshing = this.#keys.length;
    for (const { key } of this.#keys)
      this.#post.send(this.#serverOf(key), { type: 'pull', key: key.key, updates });
  }

  /** Brings all keys as they are now. */
  refresh(): void {
    this.#pull(0);
  }

  get isFresh(): boolean {
    return this.#refreshing === 0;
  }

  /** Goes through the whole of so many samples without gradients; `evaluated` has what came of it. */
  evaluate(step: number, rows: number): void {
    this.isEvaluating = true;
    this.#run.begin({
      pass: step,
      step,
      mode: 'evaluate',
      share: { position: 0, rows },
      batchRows: rows,
    });
  }

  /** What came of an evaluation, once. */
  evaluated(): { readonly loss: number; readonly correct: number | undefined } | undefined {
    if (!this.isEvaluating || !this.#run.isDone) return undefined;
    this.isEvaluating = false;
    const { loss, correct } = this.#run;
    return { loss, correct };
  }

  /** Takes the end of a work of the replica. */
  computed(work: Work, result: WorkResult): void {
    if (work.kind === 'writeSlices') return;
    const block = this.#run.computed(work, result);
    if (block === undefined) return;
    const step = this.#step;
    for (const [index, state] of this.#byBlock[block]!.entries()) {
      const payload = result.payloads![index]!;
      state.pushed = step;
      const { key } = state;
      this.#post.send(this.#serverOf(key), { type: 'push', key: key.key, step, payload });
    }
  }

  nextWork(): Work | undefined {
    return this.#isComputing || this.isEvaluating ? this.#run.next() : undefined;
  }

  /** Everything that follows from what is known by now. */
  advance(): void {
    if (this.#isComputing && this.#run.isDone) this.#finish();
    if (!this.#hasEntered || this.#isComputing || this.isEvaluating || !this.isFresh) return;
    const crew = this.#crew.of(this.#step);
    if (crew) this.#begin(crew);
    else this.#settle();
  }

  #begin(crew: readonly NodeId[]): void {
    const step = this.#step;
    const batchRows = this.#options.batchRows(step);
    const share = shareOf(batchRows, crew.indexOf(this.#post.self), crew.length);
    this.#run.begin({ pass: step, step, mode: 'train', share, batchRows });
    this.#isComputing = true;
  }

  #finish(): void {
    const [loss = null] = onWire([this.#run.loss]);
    this.#post.send(masterId, { type: 'partOfLoss', step: this.#step, loss });
    this.#isComputing = false;
    this.#step += 1;
    this.#post.committed(this.#step);
  }

  /** Says once that it has what it needs for the next step, for which it has no leave yet. */
  #settle(): void {
    const step = this.#step;
    if (this.#settledStep === step || this.#keys.some((key) => key.step < step)) return;
    this.#settledStep = step;
    this.#post.send(masterId, { type: 'settled', step, ...this.#staleness });
  }

  #serverOf({ shard }: ShardedKey): NodeId {
    return this.#options.servers[shard]!;
  }
}
