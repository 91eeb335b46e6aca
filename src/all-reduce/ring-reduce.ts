// Ring all-reduce (Patarasuk & Yuan 2009) of one step's gradients, as one node sees it. Chunk c of a
// bucket begins at node c and goes clockwise. On its first n - 1 hops every node adds its own part, so
// the order of the sum is fixed; on the next n - 1 the sum goes round. Each bucket goes its own way, as
// soon as this node's part of it is computed.

import type { NodeId, Payload, Work, WorkResult } from '../node.ts';
import type { Message } from '../node.ts';
import type { MessageOf } from '../protocol/messages.ts';
import type { Outbox } from '../machine/outbox.ts';
import type { WorkQueue } from '../machine/work-queue.ts';
import type { Bucket, Chunk } from './buckets.ts';

export interface Seat {
  /** Place in the ring of `nodes`. */
  readonly index: number;
  readonly nodes: number;
  readonly clockwise: NodeId;
}

type Reduce = MessageOf<'reduce'>;

/** One chunk on its way through this node. */
interface Errand {
  readonly bucket: number;
  readonly chunk: number;
  /** Which hop it goes on with when its work is done; undefined: it stays. */
  readonly hop: number | undefined;
  /** With the work done, the chunk is the sum over all nodes. */
  readonly completes: boolean;
}

/** One hop of one chunk. */
type Passage = Pick<Reduce, 'bucket' | 'chunk' | 'hop' | 'payload'>;

interface BucketState {
  /** This node's own gradient is there. */
  isReady: boolean;
  /** Chunks that are not yet the sum over all nodes. */
  missing: number;
  /** Arrived before this node was ready. */
  readonly early: Reduce[];
  /** `chunk/hop` that have come. */
  readonly seen: Set<string>;
}

export class RingReduce {
  readonly #buckets: readonly Bucket[];
  readonly #seat: Seat;
  readonly #outbox: Outbox;
  readonly #works: WorkQueue;
  readonly #errands = new Map<Work, Errand>();
  #states: BucketState[] = [];
  /** The step that is under way, or was last. */
  #step: number;
  /** What came for the step after this one. */
  #next: Reduce[] = [];
  /** Messages of which the bytes, gradients in place, have not left. */
  readonly #leaving = new Set<Message>();

  /** `done`: steps before the first. */
  constructor(
    buckets: readonly Bucket[],
    seat: Seat,
    done: number,
    outbox: Outbox,
    works: WorkQueue,
  ) {
    this.#step = done - 1;
    this.#buckets = buckets;
    this.#seat = seat;
    this.#outbox = outbox;
    this.#works = works;
  }

  /** Every gradient is the sum over all nodes. */
  get isDone(): boolean {
    return this.#states.every(({ isReady, missing }) => isReady && missing === 0);
  }

  /** Whether a block's gradient may be overwritten. */
  hasLeft(block: number): boolean {
    for (const message of this.#leaving)
      if (message.type === 'reduce' && this.#buckets[message.bucket]!.blocks.includes(block))
        return false;
    return true;
  }

  begin(step: number): void {
    this.#step = step;
    this.#states = this.#buckets.map(({ chunks }) => ({
      isReady: false,
      missing: chunks.filter((chunk) => chunk.length > 0).length,
      early: [],
      seen: new Set(),
    }));
    const early = this.#next;
    this.#next = [];
    for (const message of early) this.take(message);
  }

  /** What begins its way here when a block is complete: this node's own chunk of each bucket that then is. */
  own(block: number): readonly Chunk[] {
    return this.#completedBy(block).map(([, { chunks }]) => chunks[this.#seat.index]!);
  }

  /** The buckets that are complete when a block is, and those above. */
  #completedBy(block: number): readonly (readonly [number, Bucket])[] {
    return [...this.#buckets.entries()].filter(([, { blocks }]) => blocks.at(-1) === block);
  }

  /** This node's own gradient of a block is complete; and what leaves with it. */
  ready(block: number, own: readonly Payload[]): void {
    const { index, nodes } = this.#seat;
    for (const [place, [bucket, { chunks }]] of this.#completedBy(block).entries()) {
      const state = this.#states[bucket]!;
      state.isReady = true;
      if (nodes === 1) state.missing = 0;
      else if (chunks[index]!.length > 0)
        this.#sendOwn({ bucket, chunk: index, hop: 1, payload: own[place]! });
      for (const message of state.early.splice(0)) this.#add(message);
    }
  }

  /** Takes a chunk from the anticlockwise neighbour; false when it is not due. */
  take(message: Reduce): boolean {
    const { step, bucket, chunk, hop } = message;
    if (step === this.#step + 1) {
      this.#next.push(message);
      return true;
    }
    const state = this.#states[bucket];
    const isThere = (this.#buckets[bucket]?.chunks[chunk]?.length ?? 0) > 0;
    const { index, nodes } = this.#seat;
    const place = `${chunk}/${hop}`;
    const isOnItsWay = hop >= 1 && hop <= 2 * nodes - 2 && (chunk + hop) % nodes === index;
    if (!state || !isThere || step !== this.#step || !isOnItsWay || state.seen.has(place))
      return false;
    state.seen.add(place);
    if (hop >= nodes) this.#keep(message);
    else if (state.isReady) this.#add(message);
    else state.early.push(message);
    return true;
  }

  /** A sum on its way: this node's part is added. */
  #add({ bucket, chunk, hop, payload }: Reduce): void {
    const slices = this.#buckets[bucket]!.chunks[chunk]!;
    const completes = hop === this.#seat.nodes - 1;
    this.#give({ kind: 'addSlices', slices, payload }, { bucket, chunk, hop: hop + 1, completes });
  }

  /** The sum over all nodes: it is kept, and handed on as it came. */
  #keep({ bucket, chunk, hop, payload }: Reduce): void {
    const slices = this.#buckets[bucket]!.chunks[chunk]!;
    const goesOn = hop < 2 * this.#seat.nodes - 2;
    // What is also sent must stay when it has been written.
    const staying = { ...payload };
    delete staying.release;
    this.#give(
      { kind: 'writeSlices', slices, payload: goesOn ? staying : payload },
      { bucket, chunk, hop: undefined, completes: true },
    );
    if (goesOn) this.#send({ bucket, chunk, hop: hop + 1, payload: staying });
  }

  #give(work: Work, errand: Errand): void {
    this.#errands.set(work, errand);
    this.#works.addUrgent(work);
  }

  /** Sends straight from where the gradient is: it may not be overwritten until the bytes have left. */
  #sendOwn(passage: Passage): void {
    this.#leaving.add(this.#send(passage));
  }

  #send(fields: Passage): Reduce {
    const message = { type: 'reduce', step: this.#step, ...fields } as const;
    this.#outbox.send(this.#seat.clockwise, message);
    return message;
  }

  /** The engine has done a work; false when it was none of these. */
  computed(work: Work, { payload }: WorkResult): boolean {
    const errand = this.#errands.get(work);
    if (!errand) return false;
    this.#errands.delete(work);
    const { bucket, chunk, hop, completes } = errand;
    if (completes) this.#states[bucket]!.missing -= 1;
    if (hop !== undefined) this.#sendOwn({ bucket, chunk, hop, payload: payload! });
    return true;
  }

  /** The bytes of a message have left. */
  sent(message: Message): void {
    this.#leaving.delete(message);
  }
}
