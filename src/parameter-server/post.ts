// A node's mail. What a worker says to the shard beside it, or a master to itself as a worker, is a
// message like any other; it only never leaves the node.

import type { Message, NodeId } from '../node.ts';
import type { Outbox } from '../machine/outbox.ts';

export class Post {
  readonly self: NodeId;
  readonly #outbox: Outbox;
  readonly #local: Message[] = [];

  constructor(self: NodeId, outbox: Outbox) {
    this.self = self;
    this.#outbox = outbox;
  }

  send(to: NodeId, message: Message): void {
    if (to === this.self) this.#local.push(message);
    else this.#outbox.send(to, message);
  }

  /** The node's part of so many steps is done. */
  committed(step: number): void {
    this.#outbox.add({ type: 'committed', step });
  }

  /** Hands over what was sent to oneself, and what is sent meanwhile. */
  deliver(take: (message: Message) => void): void {
    for (let next = this.#local.shift(); next; next = this.#local.shift()) take(next);
  }
}
