// What computes for a device that does not know yet what its master will make of it.

import type { Executor, Work, WorkResult } from '../node.ts';
import type { Engine } from '../ports.ts';
import { EngineExecutor } from '../runtime/executor.ts';
import { ReplicaExecutor } from '../runtime/replica-executor.ts';
import { isShardWork, ServerExecutor } from '../runtime/server-executor.ts';
import { sampleOrder } from './sample-order.ts';

/** Carries out the works of whatever the worker has become: its first work says what that is. */
export class WorkerExecutor implements Executor {
  readonly #engine: Engine;
  #shard: ServerExecutor | undefined;
  #executor: Executor | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  run(work: Work): Promise<WorkResult> {
    if (isShardWork(work)) return (this.#shard ??= new ServerExecutor(this.#engine)).run(work);
    this.#executor ??=
      work.kind === 'prepareReplica'
        ? new ReplicaExecutor(this.#engine, sampleOrder)
        : new EngineExecutor(this.#engine);
    return this.#executor.run(work);
  }
}
