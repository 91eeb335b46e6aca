// A device's own replica: it is prepared once, whatever the device is told to be from then on, and keeps
// its places in memory and its samples.

import type { Block, Work, WorkResult } from '../node.ts';
import type { WorkQueue } from '../machine/work-queue.ts';
import type { ShareParts } from './share.ts';

export interface PreparedReplica {
  readonly blocks: readonly Block[];
  /** Of a full microbatch. */
  readonly rows: number;
  /** Of all that is resident. */
  readonly bytes: number;
}

export class OwnReplica {
  readonly #works: WorkQueue;
  #isAskedFor = false;
  /** Once it is. */
  prepared: PreparedReplica | undefined;

  constructor(works: WorkQueue) {
    this.#works = works;
  }

  /** Asks for it, if nobody has. */
  prepare(training: unknown, { rows, microbatches }: ShareParts): void {
    if (this.#isAskedFor) return;
    this.#isAskedFor = true;
    this.#works.giveAtOnce({ kind: 'prepareReplica', training, rows, microbatches });
  }

  computed(
    { rows }: Extract<Work, { kind: 'prepareReplica' }>,
    result: WorkResult,
  ): PreparedReplica {
    this.prepared = { blocks: result.blocks!, rows, bytes: result.prepared!.bytes };
    return this.prepared;
  }
}
