// What goes on from when all are formed until they form anew or the run ends: steps, as lead.ts gives
// them, and between two of them a look at the test set or a checkpoint. To give it all up is to let go
// of this.

import type { RingTraining } from '../model/training.ts';
import type { NodeId, Message } from '../node.ts';
import type { Boundary, EndError } from '../machine/boundary.ts';
import { notDue } from '../machine/not-due.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Consistency } from './consistency.ts';
import type { DeviceChannels } from './device.ts';
import type { Formation } from './formation.ts';
import { Intermission } from './intermission.ts';
import { Lead } from './lead.ts';
import type { Schedule } from './scalars.ts';

export interface RunOptions {
  readonly training: RingTraining;
  readonly consistency: Consistency;
  readonly clipNorm?: number;
  readonly schedule: Schedule;
}

/** The run is over, with an error not as it should be; or something has begun or ended, from which more may follow. */
export type Outcome =
  | { readonly kind: 'end'; readonly error?: EndError | undefined }
  | { readonly kind: 'passed' };

export class Run {
  readonly lead: Lead;
  readonly #formation: Formation;
  readonly #channels: DeviceChannels;
  readonly #isSynchronous: boolean;
  readonly #intermission: Intermission;

  constructor(
    formation: Formation,
    boundary: Boundary,
    { training, consistency, clipNorm, schedule }: RunOptions,
    channels: DeviceChannels,
  ) {
    this.#formation = formation;
    this.#channels = channels;
    this.#isSynchronous = consistency.kind === 'bsp';
    const { roles, keys, base, updates } = formation;
    const beginning = { step: base.step, updates };
    const layers = training.resolved.layers.length;
    const isSynchronous = this.#isSynchronous;
    this.lead = new Lead(
      { roles: roles!, keys, layers, isSynchronous, clipNorm, schedule, boundary, ...beginning },
      channels.post,
      channels.outbox,
    );
    this.#intermission = new Intermission(formation, boundary, channels, isSynchronous);
  }

  get checkpoint(): Checkpoint | undefined {
    return this.#intermission.checkpoint;
  }

  /** Gives up what is under way; true when the store will still answer for it. */
  giveUp(): boolean {
    return this.#intermission.giveUp();
  }

  /** Takes what is said of steps and layers; false when it is none of that. Errors: NOT_FINITE, PROTOCOL. */
  take(from: NodeId, message: Message): boolean {
    switch (message.type) {
      case 'partOfLoss':
        this.lead.partOfLoss(from, message);
        return true;
      case 'settled':
        this.lead.settled(from, message);
        return true;
      case 'measured':
        this.lead.measured(message);
        return true;
      case 'parameters':
        if (!this.checkpoint?.arrived(from, message.layer, message.payload))
          throw notDue(from, message);
        return true;
      default:
        return false;
    }
  }

  /** A worker is gone: the others share its part. */
  drop(node: NodeId, reason: string): void {
    if (this.lead.workers.includes(node)) {
      this.#channels.outbox.report({ kind: 'dropped', node, reason });
      this.lead.drop(node);
    }
    this.#formation.shipAnew(this.lead);
  }

  /** Tells of the steps that are done, and gives others. */
  proceed(): void {
    this.lead.report();
    const { shipping, newcomers } = this.#formation;
    // While samples are on their way to those who take over a share, no new steps are given.
    if (!shipping.isDone || this.#intermission.isOpen) return;
    for (const node of newcomers) this.lead.add(node);
    newcomers.clear();
    this.lead.grant();
  }

  /** Carries out what the course wants besides steps. */
  betweenSteps(): Outcome | undefined {
    const pending = this.#intermission.isOpen ? undefined : this.lead.takePending();
    if (pending?.kind === 'end') return pending;
    if (pending) {
      if (pending.kind === 'save' && !this.#isSynchronous)
        this.#channels.outbox.report({ kind: 'staleness', ...this.lead.staleness });
      this.#intermission.begin(pending);
    }
    return this.#intermission.advance() || pending ? { kind: 'passed' } : undefined;
  }
}
