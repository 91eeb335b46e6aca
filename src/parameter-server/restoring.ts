// The opposite of a checkpoint: layer by layer out of the store to the shards, each of which takes what
// it holds of it. One layer is on its way at a time.

import type { NodeId, Payload } from '../node.ts';
import type { Outbox } from '../machine/outbox.ts';
import { holdersOf } from './keys.ts';
import type { ShardedKey } from './keys.ts';
import type { Post } from './post.ts';

/** What the parameters are when all begin: those after so many steps, or of the seed. */
export interface Base {
  readonly step: number;
  readonly from: 'checkpoint' | 'seed';
}

export interface RestoringRoutes {
  readonly post: Post;
  readonly outbox: Outbox;
  readonly keys: readonly ShardedKey[];
  readonly servers: readonly NodeId[];
}

export class Restoring {
  readonly #routes: RestoringRoutes;
  readonly #layers: number[];
  #isFetching = false;
  /** Who has still to put the layer in place. */
  readonly #awaited = new Set<NodeId>();

  constructor(routes: RestoringRoutes) {
    this.#routes = routes;
    this.#layers = [...new Set(routes.keys.map(({ layer }) => layer))];
    this.#ask();
  }

  get isDone(): boolean {
    return this.#layers.length === 0;
  }

  #ask(): void {
    const [layer] = this.#layers;
    if (layer === undefined) return;
    this.#isFetching = true;
    this.#routes.outbox.add({ type: 'fetch', layer });
  }

  /** A layer is back from the store. */
  fetched(layer: number, payload: Payload): void {
    if (!this.#isFetching || layer !== this.#layers[0]) return;
    this.#isFetching = false;
    const { post, keys, servers } = this.#routes;
    for (const node of holdersOf(layer, keys, servers)) {
      this.#awaited.add(node);
      post.send(node, { type: 'load', layer, payload });
    }
  }

  /** A shard has its part in place; false when that is not due. */
  loaded(from: NodeId, layer: number): boolean {
    if (layer !== this.#layers[0] || !this.#awaited.delete(from)) return false;
    if (this.#awaited.size > 0) return true;
    this.#layers.shift();
    this.#ask();
    return true;
  }
}
