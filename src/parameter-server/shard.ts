// One shard of the parameter server: the books of its keys, and what comes and goes by them. It stands
// on a device of its own, or beside a worker.

import { RingError } from '../errors.ts';
import { masterId } from '../node.ts';
import type { Message, NodeId, Payload, ShardWork, Work, WorkResult } from '../node.ts';
import type { Outbox } from '../machine/outbox.ts';
import type { WorkQueue } from '../machine/work-queue.ts';
import { onWire } from '../machine/gradients.ts';
import { AsynchronousLedger } from './asynchronous-ledger.ts';
import type { Consistency } from './consistency.ts';
import { Crew } from './crew.ts';
import type { DeviceChannels } from './device.ts';
import type { ShardedKey } from './keys.ts';
import type { Ledger, LedgerContext } from './ledger.ts';
import type { Post } from './post.ts';
import { SynchronousLedger } from './synchronous-ledger.ts';

export interface ShardOptions {
  /** Those that this shard holds. */
  readonly keys: readonly ShardedKey[];
  readonly consistency: Consistency;
  readonly clips: boolean;
  /** That its parameters have had to begin with. */
  readonly updates: number;
  /** No worker stands beside it, whose steps would say how far the device is. */
  readonly isAlone: boolean;
}

export class Shard {
  readonly #post: Post;
  readonly #outbox: Outbox;
  readonly #works: WorkQueue;
  readonly #crew = new Crew();
  readonly #scalars = new Map<number, readonly number[]>();
  readonly #ledgers: ReadonlyMap<number, Ledger>;
  readonly #keys: ReadonlyMap<number, ShardedKey>;
  readonly #isAlone: boolean;
  /** Works that the engine has been given and has not done. */
  readonly #computing = new Set<Work>();
  /** Updates that every key has had. */
  #updates: number;

  constructor(options: ShardOptions, { post, outbox, works }: DeviceChannels) {
    const { keys, consistency, clips, updates, isAlone } = options;
    this.#post = post;
    this.#outbox = outbox;
    this.#works = works;
    this.#isAlone = isAlone;
    this.#updates = updates;
    this.#keys = new Map(keys.map((key) => [key.key, key]));
    const context: LedgerContext = {
      crew: this.#crew,
      scalars: (update) => this.#scalars.get(update),
      compute: (work) => this.#compute(work),
      answer: (key, { node, staleness }, after, payload) => {
        const stale = staleness === undefined ? {} : { staleness };
        post.send(node, { type: 'pulled', key, updates: after, ...stale, payload });
      },
    };
    const ledgerOf = (key: number): Ledger => {
      if (consistency.kind === 'bsp') return new SynchronousLedger(key, context, clips, updates);
      const bound = consistency.kind === 'ssp' ? consistency.bound : Infinity;
      return new AsynchronousLedger(key, context, bound, updates);
    };
    this.#ledgers = new Map(keys.map(({ key }) => [key, ledgerOf(key)]));
  }

  /** Takes what is meant for a shard; false when it is not. Errors: PROTOCOL. */
  take(from: NodeId, message: Message): boolean {
    switch (message.type) {
      case 'push':
        this.#ledger(message.key).push(from, message.step, message.payload);
        return true;
      case 'pull':
        this.#ledger(message.key).pull(from, message.updates);
        return true;
      case 'scalars':
        for (const [index, scalars] of message.scalars.entries())
          this.#scalars.set(message.update + index, scalars);
        this.#advance();
        return true;
      case 'crew':
        this.#crew.add(message.from, message.upTo, message.workers);
        this.#advance();
        return true;
      case 'dropped':
        this.#crew.drop(message.node);
        this.#advance();
        return true;
      case 'collect':
        this.#compute({ kind: 'surrender', layer: message.layer });
        return true;
      case 'load': {
        const { layer, payload } = message;
        this.#compute({ kind: 'restore', layer, payload });
        return true;
      }
      default:
        return false;
    }
  }

  /** Errors: NOT_FINITE. */
  computed(work: ShardWork, result: WorkResult): void {
    // What an earlier shard of the device asked for is nobody's.
    if (!this.#computing.delete(work)) return result.payload?.release?.();
    this.#take(work, result);
    // Beside a worker, it is the worker that says what the device waits for.
    if (this.#isAlone && this.#computing.size === 0)
      this.#outbox.add({ type: 'wait', cause: 'gradient' });
  }

  #take(work: ShardWork, { payload, squaredNorms }: WorkResult): void {
    switch (work.kind) {
      case 'measure': {
        const [squaredNorm = null] = onWire(squaredNorms!);
        const step = this.#ledger(work.key).updates;
        return this.#post.send(masterId, { type: 'measured', key: work.key, step, squaredNorm });
      }
      case 'apply':
        return this.#applied(work.key, payload);
      case 'value':
        return this.#ledger(work.key).valued(payload!);
      case 'surrender': {
        const { layer } = work;
        return this.#post.send(masterId, { type: 'parameters', layer, payload: payload! });
      }
      case 'restore':
        return this.#post.send(masterId, { type: 'loaded', layer: work.layer });
      default:
        return undefined;
    }
  }

  #applied(key: number, payload: Payload | undefined): void {
    const ledger = this.#ledger(key);
    if (payload) {
      ledger.applied(payload);
      const oldest = Math.min(...[...this.#ledgers.values()].map(({ updates }) => updates));
      for (const update of this.#scalars.keys()) {
        if (update >= oldest) break;
        this.#scalars.delete(update);
      }
      if (this.#isAlone && oldest > this.#updates) this.#post.committed(oldest);
      this.#updates = oldest;
      return;
    }
    const { layer } = this.#keys.get(key)!;
    throw new RingError(
      'NOT_FINITE',
      `the gradient of layer ${layer} is not a finite number in update ${ledger.updates + 1} of it, which was not made: ` +
        'try a lower learningRate or bsp with a clipNorm, and look for extreme values in the data',
    );
  }

  #advance(): void {
    for (const ledger of this.#ledgers.values()) ledger.advance();
  }

  /** Works of a shard are short and others wait for them: the engine is given all that there are. */
  #compute(work: ShardWork): void {
    this.#computing.add(work);
    this.#works.giveAtOnce(work);
  }

  #ledger(key: number): Ledger {
    const ledger = this.#ledgers.get(key);
    if (!ledger)
      throw new RingError('PROTOCOL', `key ${key} was asked for here, where it is not held`);
    return ledger;
  }
}
