// How far the clocks of other devices are from this one's: a few questions over each link, one after
// the other, as soon as it is open.

import { clockOffset } from '../meter/clock.ts';
import type { ClockExchange, ClockOffset } from '../meter/clock.ts';
import type { NodeId } from '../node.ts';
import type { MessageOf } from '../protocol/messages.ts';

const questions = 8;

export class Clocks {
  readonly #now: () => number;
  readonly #ask: (node: NodeId, message: MessageOf<'clock'>) => void;
  readonly #trace: boolean;
  readonly #exchanges = new Map<NodeId, ClockExchange[]>();

  constructor(
    now: () => number,
    trace: boolean,
    ask: (node: NodeId, message: MessageOf<'clock'>) => void,
  ) {
    this.#now = now;
    this.#trace = trace;
    this.#ask = ask;
  }

  ask(node: NodeId): void {
    this.#ask(node, { type: 'clock', sent: this.#now(), trace: this.#trace });
  }

  answered(node: NodeId, { sent, received, answered }: MessageOf<'clockAnswer'>): void {
    const exchanges = this.#exchanges.get(node) ?? [];
    const exchange = {
      sent,
      receivedThere: received,
      answeredThere: answered,
      received: this.#now(),
    };
    this.#exchanges.set(node, [...exchanges, exchange]);
    if (exchanges.length + 1 < questions) this.ask(node);
  }

  /** What to add to this clock's time for the node's. */
  offsetOf(node: NodeId): ClockOffset {
    return clockOffset(this.#exchanges.get(node) ?? []) ?? { seconds: 0, errorSeconds: 0 };
  }
}
