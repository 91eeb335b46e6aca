// How the master forms the ring: it lets workers in until there are as many as were asked for, cuts
// the layers, tells everyone their share, and waits until all are ready. From the cut on nobody comes
// or goes.

import type { Outbox } from '../machine/outbox.ts';
import type { WorkQueue } from '../machine/work-queue.ts';
import { masterId } from '../node.ts';
import type { NodeId, Purpose, WorkResult } from '../node.ts';
import type { MessageOf } from '../protocol/messages.ts';
import { Formation } from './formation.ts';
import type { Capabilities, Cutter } from './formation.ts';
import { MasterStages } from './master-stages.ts';

export interface AdmissionOptions {
  /** The resolved training, as it is sent to workers. */
  readonly training: unknown;
  readonly purpose: Purpose;
  readonly workers: number;
  /** The run's id, by which nodes keep copies of layers; without one, losing a node ends the run. */
  readonly run?: string;
  readonly capabilities: Capabilities;
  readonly cut: Cutter;
}

export class Admission {
  readonly formation: Formation;
  readonly #options: AdmissionOptions;
  readonly #outbox: Outbox;
  readonly #works: WorkQueue;

  constructor(options: AdmissionOptions, outbox: Outbox, works: WorkQueue) {
    this.formation = new Formation(options.capabilities, options.workers);
    this.#options = options;
    this.#outbox = outbox;
    this.#works = works;
  }

  /** A master alone has no one to wait for. */
  start(): void {
    if (this.formation.isFull) this.#form();
  }

  join(from: NodeId, message: MessageOf<'join'>): void {
    if (this.formation.isFull) {
      const reason = 'the ring already has all its nodes: ask for more of them and start again';
      return this.#outbox.send(from, { type: 'failed', code: 'TOO_MANY_NODES', message: reason });
    }
    this.formation.join(from, message);
    const [joined, wanted] = [this.formation.workers.length, this.#options.workers];
    this.#outbox.report({ kind: 'joined', node: from, name: message.name, joined, wanted });
    if (this.formation.isFull) this.#form();
  }

  #form(): void {
    const { training, purpose, cut } = this.#options;
    this.formation.cut(cut);
    for (const { node, message } of this.formation.assignments(training, purpose))
      this.#outbox.send(node, message);
    const stages = this.formation.stagesOf(masterId);
    this.#works.addUrgent({ kind: 'prepare', training, purpose, stages });
  }

  /** The master's own stages are prepared. */
  prepared({ bytes, units }: NonNullable<WorkResult['prepared']>): MasterStages {
    this.formation.ready(masterId, bytes);
    return new MasterStages(this.formation, units, this.#outbox);
  }
}
