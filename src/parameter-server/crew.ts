// Who computes which steps, as the master has said so far, and who has been lost since. Workers share
// the batch of a step among the crew of that step; shards wait for its pushes.

import type { NodeId } from '../node.ts';

interface Watch {
  readonly from: number;
  readonly workers: readonly NodeId[];
}

export class Crew {
  readonly #watches: Watch[] = [];
  readonly #dropped = new Set<NodeId>();
  /** Steps before this one have a crew. */
  #upTo: number;

  constructor(upTo = 0) {
    this.#upTo = upTo;
  }

  /** The steps `from` to `upTo` (exclusive) have this crew. */
  add(from: number, upTo: number, workers: readonly NodeId[]): void {
    this.#upTo = upTo;
    const last = this.#watches.at(-1);
    if (last && last.workers.join() === workers.join()) return;
    this.#watches.push({ from, workers });
  }

  get upTo(): number {
    return this.#upTo;
  }

  drop(node: NodeId): void {
    this.#dropped.add(node);
  }

  isDropped(node: NodeId): boolean {
    return this.#dropped.has(node);
  }

  /** Undefined while the step has none. */
  of(step: number): readonly NodeId[] | undefined {
    if (step >= this.#upTo) return undefined;
    return this.#watches.findLast(({ from }) => from <= step)?.workers;
  }

  /** Who is there now, with the first step of each. */
  get present(): ReadonlyMap<NodeId, number> {
    const first = new Map<NodeId, number>();
    for (const node of this.#watches.at(-1)?.workers ?? [])
      if (!this.#dropped.has(node))
        first.set(node, this.#watches.find(({ workers }) => workers.includes(node))!.from);
    return first;
  }
}
