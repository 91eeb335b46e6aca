// A stage's talk with its two neighbours, the same on master and worker: activations go out as far as
// credit reaches, gradients as soon as they are computed, and credit whenever a place is free.

import { notDue } from '../machine/not-due.ts';
import type { Outbox } from '../machine/outbox.ts';
import type { Message, NodeId, Work, WorkResult } from '../node.ts';
import type { MessageOf } from '../protocol/messages.ts';
import type { StageRun } from './stage-run.ts';

/** Who stands beside a stage; nobody before the opening stage and after the closing one. */
export interface Neighbours {
  readonly clockwise?: NodeId | undefined;
  readonly anticlockwise?: NodeId | undefined;
}

export class Exchange {
  readonly run: StageRun;
  readonly #neighbours: Neighbours;
  readonly #outbox: Outbox;

  constructor(run: StageRun, neighbours: Neighbours, outbox: Outbox) {
    this.run = run;
    this.#neighbours = neighbours;
    this.#outbox = outbox;
  }

  /** Errors: PROTOCOL for an activation that is not due; likewise below. */
  takeActivation(from: NodeId, message: MessageOf<'activation'>): void {
    const { type: _, payload, ...of } = message;
    if (from !== this.#neighbours.anticlockwise || !this.run.takeActivation(of, payload))
      throw notDue(from, message);
  }

  takeGradient(from: NodeId, message: MessageOf<'gradient'>): void {
    const { pass, microbatch, payload } = message;
    if (from !== this.#neighbours.clockwise || !this.run.takeGradient(pass, microbatch, payload))
      throw notDue(from, message);
  }

  takeCredit(from: NodeId, message: MessageOf<'credit'>): void {
    if (from !== this.#neighbours.clockwise) throw notDue(from, message);
    this.run.takeCredit(message.pass, message.upTo);
  }

  /** The bytes of a payload have left. */
  sent(message: Message): void {
    if (!('pass' in message) || message.pass !== this.run.pass) return;
    if (message.type === 'activation' && this.#neighbours.clockwise !== undefined)
      this.run.activationsLeft += 1;
    else if (message.type === 'gradient' && this.#neighbours.anticlockwise !== undefined)
      this.run.gradientsLeft += 1;
  }

  /** The engine has done a work of this stage: what came of it is for a neighbour. */
  computed(work: Work, { payload }: WorkResult): void {
    this.run.computed.count(work);
    if (work.kind === 'forward') this.run.putOut(work.of, payload!);
    const isWayBack =
      work.kind === 'backward' || (work.kind === 'loss' && work.of.mode === 'train');
    const { anticlockwise } = this.#neighbours;
    if (!isWayBack || !payload || anticlockwise === undefined) return;
    const { pass, microbatch } = work.of;
    this.#outbox.send(anticlockwise, { type: 'gradient', pass, microbatch, payload });
  }

  /** Sends the activations that there is credit for, and the credit that there is room for. */
  send(): void {
    const { clockwise, anticlockwise } = this.#neighbours;
    const { pass } = this.run;
    if (clockwise !== undefined)
      for (const { of, payload } of this.run.release())
        this.#outbox.send(clockwise, { type: 'activation', ...of, payload });
    const upTo = this.run.grant();
    if (upTo !== undefined && anticlockwise !== undefined)
      this.#outbox.send(anticlockwise, { type: 'credit', pass, upTo });
  }
}
