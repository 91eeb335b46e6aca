// A checkpoint at the master: layer by layer the shards give up what they hold of it, optimizer state
// included, and the layer is put together and stored. One layer is on its way at a time.

import type { NodeId, Payload } from '../node.ts';
import type { Outbox } from '../machine/outbox.ts';
import type { WorkQueue } from '../machine/work-queue.ts';
import { holdersOf } from './keys.ts';
import type { ShardedKey } from './keys.ts';
import type { Post } from './post.ts';

export interface CheckpointRoutes {
  readonly post: Post;
  readonly outbox: Outbox;
  readonly works: WorkQueue;
  readonly keys: readonly ShardedKey[];
  readonly servers: readonly NodeId[];
}

export class Checkpoint {
  readonly step: number;
  readonly #routes: CheckpointRoutes;
  readonly #layers: number[];
  #pieces = new Map<NodeId, Payload>();
  /** The store is at work, and will say when it is not. */
  isStoring = false;
  /** All layers are on the store: the checkpoint is as good as done. */
  isCompleting = false;
  isDone = false;

  constructor(step: number, routes: CheckpointRoutes) {
    this.step = step;
    this.#routes = routes;
    this.#layers = [...new Set(routes.keys.map(({ layer }) => layer))];
    this.#collect();
  }

  #holders(layer: number): readonly NodeId[] {
    return holdersOf(layer, this.#routes.keys, this.#routes.servers);
  }

  #collect(): void {
    const [layer] = this.#layers;
    this.#pieces = new Map();
    if (layer === undefined) {
      this.isCompleting = this.isStoring = true;
      return this.#routes.outbox.add({ type: 'store', step: this.step });
    }
    for (const node of this.#holders(layer))
      this.#routes.post.send(node, { type: 'collect', layer, pass: 0 });
    return undefined;
  }

  /** A shard's part of a layer has come; false when it was not asked for. */
  arrived(from: NodeId, layer: number, payload: Payload): boolean {
    const holders = this.#holders(layer);
    if (layer !== this.#layers[0] || !holders.includes(from) || this.#pieces.has(from))
      return false;
    this.#pieces.set(from, payload);
    if (this.#pieces.size < holders.length) return true;
    const pieces = holders.map((node) => this.#pieces.get(node)!);
    this.#routes.works.addUrgent({ kind: 'assemble', layer, pieces });
    return true;
  }

  assembled(layer: number, payload: Payload): void {
    this.isStoring = true;
    this.#routes.outbox.add({ type: 'store', step: this.step, layer, payload });
  }

  /** The layer is stored; or all is. */
  stored(): void {
    this.isStoring = false;
    if (this.isCompleting) {
      this.isDone = true;
      return;
    }
    this.#layers.shift();
    this.#collect();
  }
}
