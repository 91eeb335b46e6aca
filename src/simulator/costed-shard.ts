// A shard of a parameter server that computes nothing: it answers with the sizes of what it holds.

import type { Executor, Key, ShardWork, Work, WorkResult } from '../node.ts';

export class CostedShard implements Executor {
  readonly #worker: Executor;
  readonly #keys = new Map<number, Key>();

  /** `worker` carries out everything that is not a shard's. */
  constructor(worker: Executor) {
    this.#worker = worker;
  }

  run(work: Work): Promise<WorkResult> {
    switch (work.kind) {
      case 'hold':
        for (const key of work.keys) this.#keys.set(key.key, key);
        return Promise.resolve({ prepared: { bytes: 0, units: {} } });
      case 'gather':
        return Promise.resolve({});
      case 'measure':
        return Promise.resolve({ squaredNorms: [0] });
      case 'apply':
        return Promise.resolve({ squaredNorms: [0], payload: this.#valueOf(work) });
      case 'value':
        return Promise.resolve({ payload: this.#valueOf(work) });
      case 'surrender':
      case 'assemble':
        return Promise.resolve({ payload: { bytes: 0 } });
      default:
        return this.#worker.run(work);
    }
  }

  #valueOf({ key }: Extract<ShardWork, { kind: 'apply' | 'value' }>): { readonly bytes: number } {
    const { slices } = this.#keys.get(key)!;
    return { bytes: slices.reduce((sum, { count }) => sum + 4 * count, 0) };
  }
}
