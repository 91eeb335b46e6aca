// A shard of a parameter server on an engine: carries out what its ledgers ask for, key by key, and
// puts layers together out of what the shards give up.

import { RingError } from '../errors.ts';
import { elementBytes } from '../graph/graph.ts';
import { parseRingTraining } from '../model/training.ts';
import type { Executor, Payload, ShardWork, WorkResult } from '../node.ts';
import type { Engine } from '../ports.ts';
import { tensorPayload } from '../protocol/messages.ts';
import type { TensorPayload } from '../protocol/messages.ts';
import { Turns } from './turns.ts';
import { HeldKey, InitialValues, partOf } from './held-key.ts';

type WorkOf<Kind extends ShardWork['kind']> = Extract<ShardWork, { kind: Kind }>;

const shardWorks: ReadonlySet<string> = new Set<ShardWork['kind']>([
  'hold',
  'gather',
  'measure',
  'apply',
  'value',
  'surrender',
  'restore',
  'assemble',
]);

export const isShardWork = (work: { readonly kind: string }): work is ShardWork =>
  shardWorks.has(work.kind);

export class ServerExecutor {
  readonly #engine: Engine;
  readonly #keys = new Map<number, HeldKey>();
  readonly #turns = new Turns();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Works of a key are carried out one after the other, in the order in which they come. */
  async run(work: ShardWork): Promise<WorkResult> {
    switch (work.kind) {
      case 'hold':
        return this.#turns.take(() => this.#hold(work));
      case 'surrender': {
        const tensors = this.#of(work.layer).map((key) => key.turns.take(() => key.surrender()));
        return { payload: tensorPayload((await Promise.all(tensors)).flat()) };
      }
      case 'restore': {
        const { payload } = work;
        const put = this.#of(work.layer).map((key) =>
          key.turns.take(() => key.restore(payload as TensorPayload)),
        );
        await Promise.all(put);
        return {};
      }
      case 'assemble':
        return { payload: assemble(work) };
      default: {
        const key = this.#key(work.key);
        return key.turns.take(() => runOn(key, work));
      }
    }
  }

  #of(layer: number): HeldKey[] {
    return [...this.#keys.values()].filter((key) => key.layer === layer);
  }

  async #hold({ training, keys }: WorkOf<'hold'>): Promise<WorkResult> {
    const parsed = parseRingTraining(training);
    await this.#clear();
    const before = this.#engine.allocatedBytes;
    const initial = new InitialValues(parsed);
    for (const key of keys) {
      const held = new HeldKey(this.#engine, parsed, key);
      this.#keys.set(key.key, held);
      await held.initialise(initial);
    }
    return { prepared: { bytes: this.#engine.allocatedBytes - before, units: {} } };
  }

  /** Gives up what it held before, when all that was asked for is done. */
  async #clear(): Promise<void> {
    const held = [...this.#keys.values()];
    this.#keys.clear();
    for (const key of held) await key.turns.take(() => key.release());
  }

  /** Errors: PROTOCOL when another shard has the key. */
  #key(key: number): HeldKey {
    const held = this.#keys.get(key);
    if (!held)
      throw new RingError('PROTOCOL', `key ${key} was asked for here, where it is not held`);
    return held;
  }
}

async function runOn(
  key: HeldKey,
  work: Exclude<ShardWork, { kind: 'hold' | 'surrender' | 'restore' | 'assemble' }>,
): Promise<WorkResult> {
  switch (work.kind) {
    case 'gather':
      await key.gather(work.payload as TensorPayload, work.isFirst);
      return {};
    case 'measure':
      return { squaredNorms: [await key.measure()] };
    case 'apply': {
      const norm = await key.update(work.scalars);
      if (!Number.isFinite(norm)) return { squaredNorms: [norm] };
      return { squaredNorms: [norm], payload: await key.value() };
    }
    case 'value':
      return { payload: await key.value() };
  }
}

/** Errors: PROTOCOL when the pieces do not make up the layer. */
function assemble({ layer, pieces }: WorkOf<'assemble'>): Payload {
  const slices = pieces.flatMap((piece) =>
    (piece as TensorPayload).tensors.map(({ name, bytes }) => {
      const { whole: of, first } = partOf(name);
      return { name: of, first, bytes };
    }),
  );
  const whole = new Map<string, { end: number; parts: typeof slices }>();
  for (const slice of slices.sort((a, b) => a.first - b.first)) {
    const { end, parts } = whole.get(slice.name) ?? { end: 0, parts: [] };
    if (slice.first !== end)
      throw new RingError('PROTOCOL', `the shards do not give layer ${layer} whole: ${slice.name}`);
    whole.set(slice.name, { end: end + slice.bytes.length, parts: [...parts, slice] });
  }
  return tensorPayload(
    [...whole].map(([name, { end, parts }]) => {
      const bytes = new Uint8Array(end);
      for (const part of parts) bytes.set(part.bytes, part.first);
      return { name, type: { type: 'float32', shape: [end / elementBytes] }, bytes };
    }),
  );
}

/** One executor for a device's works: those of its shard here, all others by `worker`. */
export const withShard = (server: ServerExecutor, worker: Executor): Executor => ({
  run: (work) => (isShardWork(work) ? server.run(work) : worker.run(work)),
});
