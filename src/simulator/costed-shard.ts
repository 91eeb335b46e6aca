// A shard of a parameter server that computes nothing: it answers with the sizes of what it holds.

import type { Key, Payload, ShardWork, Work, WorkResult } from '../node.ts';
import { sizeOf } from './costed-replica.ts';
import type { SimulatedExecutor } from './simulation.ts';

export class CostedShard implements SimulatedExecutor {
  readonly #worker: SimulatedExecutor;
  readonly #keys = new Map<number, Key>();

  /** `worker` carries out everything that is not a shard's. */
  constructor(worker: SimulatedExecutor) {
    this.#worker = worker;
  }

  run(work: Work): WorkResult | Promise<WorkResult> {
    switch (work.kind) {
      case 'hold':
        for (const key of work.keys) this.#keys.set(key.key, key);
        return { prepared: { bytes: 0, units: {} } };
      case 'gather':
      case 'restore':
        return {};
      case 'measure':
        return { squaredNorms: [0] };
      case 'apply':
        return { squaredNorms: [0], payload: this.#valueOf(work) };
      case 'value':
        return { payload: this.#valueOf(work) };
      case 'surrender':
      case 'assemble':
        return { payload: { bytes: 0 } };
      default:
        return this.#worker.run(work);
    }
  }

  #valueOf({ key }: Extract<ShardWork, { kind: 'apply' | 'value' }>): Payload {
    return sizeOf(this.#keys.get(key)!.slices);
  }
}
