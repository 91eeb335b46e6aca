// What happens between two steps while all workers wait: a look at the test set, or a checkpoint.

import type { Boundary, Next } from '../machine/boundary.ts';
import { Checkpoint } from './checkpoint.ts';
import type { DeviceChannels } from './device.ts';
import { Evaluation } from './evaluation.ts';
import type { Formation } from './formation.ts';

export class Intermission {
  readonly #formation: Formation;
  readonly #boundary: Boundary;
  readonly #channels: DeviceChannels;
  /** The master's replica has everything that was pushed. */
  readonly #isSynchronous: boolean;
  #pause: Evaluation | Checkpoint | undefined;

  constructor(
    formation: Formation,
    boundary: Boundary,
    channels: DeviceChannels,
    isSynchronous: boolean,
  ) {
    this.#formation = formation;
    this.#boundary = boundary;
    this.#channels = channels;
    this.#isSynchronous = isSynchronous;
  }

  get isOpen(): boolean {
    return this.#pause !== undefined;
  }

  get checkpoint(): Checkpoint | undefined {
    return this.#pause instanceof Checkpoint ? this.#pause : undefined;
  }

  begin(pass: Extract<Next, { kind: 'evaluate' | 'save' }>): void {
    const { device, keys, roles } = this.#formation;
    const { servers } = roles!;
    this.#pause =
      pass.kind === 'save'
        ? new Checkpoint(pass.step, { ...this.#channels, keys, servers })
        : new Evaluation(pass, device!.worker!, this.#isSynchronous, this.#channels.outbox);
  }

  /** Does what follows from what is known by now; says once when it is over. */
  advance(): boolean {
    if (this.#pause instanceof Evaluation) this.#pause.advance();
    if (!this.#pause?.isDone) return false;
    if (this.#pause instanceof Checkpoint) this.#saved(this.#pause);
    else this.#boundary.evaluated(this.#pause.step);
    this.#pause = undefined;
    return true;
  }

  #saved({ step }: Checkpoint): void {
    this.#boundary.saved(step);
    this.#channels.outbox.report({ kind: 'saved', step });
  }

  /** Gives up what is under way; true when the store will still answer for it. */
  giveUp(): boolean {
    const { checkpoint } = this;
    this.#pause = undefined;
    if (!checkpoint) return false;
    // The store does one thing after the other: whoever fetches layers now finds those of this step.
    if (checkpoint.isCompleting) this.#saved(checkpoint);
    else this.#channels.outbox.add({ type: 'discard' });
    return checkpoint.isStoring;
  }
}
