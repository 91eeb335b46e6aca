// How the master forms the ring, at the beginning and whenever it forms anew: who is let in, how the
// layers are cut, from which step everyone goes on. A re-forming takes the place of whatever was under
// way: the generation is raised, everyone prepares the layers it is given now, and these come from
// copies of a step that was done, the newest that somebody here has all layers of. What is trained again
// from there gives the same bits as before.

import { RingError } from '../errors.ts';
import type { Outbox } from '../machine/outbox.ts';
import type { WorkQueue } from '../machine/work-queue.ts';
import { masterId } from '../node.ts';
import type { NodeId, Purpose, WorkResult } from '../node.ts';
import type { MessageOf } from '../protocol/messages.ts';
import { Formation } from './formation.ts';
import type { Capabilities, Cutter } from './formation.ts';
import type { Holdings } from './holdings.ts';
import type { Base } from './loading.ts';
import { Pace } from './pace.ts';
import type { PaceOptions } from './pace.ts';
import type { Cause } from './ring-parts.ts';
import { MasterStages } from './master-stages.ts';
import type { SnapshotOptions } from './snapshots.ts';

export interface AdmissionOptions extends SnapshotOptions {
  /** The resolved training, as it is sent to workers. */
  readonly training: unknown;
  readonly purpose: Purpose;
  readonly workers: number;
  readonly capabilities: Capabilities;
  readonly cut: Cutter;
  readonly pace?: PaceOptions;
}

export class Admission {
  readonly formation: Formation;
  readonly #options: AdmissionOptions;
  readonly #holdings: Holdings;
  readonly #pace: Pace;
  readonly #outbox: Outbox;
  readonly #works: WorkQueue;

  constructor(options: AdmissionOptions, holdings: Holdings, outbox: Outbox, works: WorkQueue) {
    this.formation = new Formation(options.capabilities, options.workers);
    this.#options = options;
    this.#holdings = holdings;
    this.#pace = new Pace(options.pace);
    this.#outbox = outbox;
    this.#works = works;
  }

  /** Whether the ring can form anew: a run that is only used, or has no name, ends instead. */
  get isElastic(): boolean {
    return this.#options.run !== undefined && this.#options.purpose === 'train';
  }

  join(from: NodeId, message: MessageOf<'join'>): void {
    const { formation } = this;
    const refusal = formation.isCut ? this.#refusal(from, message) : undefined;
    if (refusal)
      return this.#outbox.send(from, {
        type: 'failed',
        code: refusal.code,
        message: refusal.message,
      });
    formation.join(from, message);
    if (message.run === this.#options.run) this.#holdings.addAll(from, message.holds);
    const joined = formation.workers.length + formation.newcomers.length;
    const wanted = Math.max(joined, this.#options.workers);
    return this.#outbox.report({ kind: 'joined', node: from, name: message.name, joined, wanted });
  }

  /** Why a device that comes when the ring is formed is of no use to it. */
  #refusal(node: NodeId, message: MessageOf<'join'>): RingError | undefined {
    if (!this.isElastic)
      return new RingError(
        'TOO_MANY_NODES',
        'the ring already has all its nodes: ask for more of them and start again',
      );
    const { members, newcomers } = this.formation;
    try {
      this.#options.cut([...members, ...newcomers, { node, ...message }]);
      return undefined;
    } catch (error) {
      if (error instanceof RingError) return error;
      throw error;
    }
  }

  /**
   * After `done` steps, the last of which took the members so long to compute: true when it pays to form
   * anew by the speeds that were measured.
   */
  judge(seconds: readonly number[], done: number): boolean {
    if (!this.isElastic) return false;
    this.#pace.add(this.formation.members, seconds);
    const measured = this.#pace.better(this.formation, this.#options.cut, done);
    if (measured) this.formation.measured(measured);
    return measured !== undefined;
  }

  /** It went away; false when it was nobody's. */
  leave(node: NodeId): boolean {
    this.#holdings.forget(node);
    return this.formation.leave(node);
  }

  /** A worker is lost; if it can still hear, it may join again. */
  dismiss(node: NodeId, reason: string): void {
    this.#outbox.report({ kind: 'lost', node, name: this.formation.nameOf(node), reason });
    this.leave(node);
    const message = `the ring goes on without this node: ${reason}`;
    this.#outbox.send(node, { type: 'failed', code: 'NODE_LOST', message });
  }

  /** Cuts the layers and tells everyone its share. Errors: those of the cutter. */
  form(cause: Cause | undefined): void {
    this.#pace.restart(cause === 'slow');
    const { training, purpose, cut } = this.#options;
    this.formation.cut(cut);
    for (const { node, message } of this.formation.assignments(this.#options))
      this.#outbox.send(node, message);
    const stages = this.formation.stagesOf(masterId);
    this.#works.addUrgent({ kind: 'prepare', training, purpose, stages });
  }

  /** Drops what was under way; frames of it are refused from now on. */
  raise(): void {
    this.#outbox.generation += 1;
    this.#works.giveUp();
  }

  /** The newest step that there is everything of; not beyond `told`, and `saved` is on the store. */
  base(told: number, saved: number | undefined): Base {
    const kept = this.#holdings.newest(told);
    if (kept !== undefined && kept >= (saved ?? 0)) return { step: kept, from: 'copies' };
    return saved === undefined ? { step: 0, from: 'seed' } : { step: saved, from: 'checkpoint' };
  }

  /** The master's own stages are prepared. */
  prepared({ bytes, units }: NonNullable<WorkResult['prepared']>): MasterStages {
    this.formation.ready(masterId, bytes);
    return new MasterStages(this.formation, units, this.#outbox);
  }
}
