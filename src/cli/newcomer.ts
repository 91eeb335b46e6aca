// A device that has joined and does not know yet what it is for: it behaves as a worker of a ring until
// the master's first word says that it is to be something else.

import type { Effect, Event, Message, Node } from '../node.ts';

/** By the message that makes a newcomer something else: what it then is. */
export type Callings = Readonly<Partial<Record<Message['type'], () => Node>>>;

export class Newcomer implements Node {
  #node: Node;
  #callings: Callings | undefined;
  /** Links that were opened before it knew. */
  readonly #links: Event[] = [];

  constructor(node: Node, callings: Callings) {
    this.#node = node;
    this.#callings = callings;
  }

  receive(event: Event): readonly Effect[] {
    if (this.#callings && event.type === 'linked') this.#links.push(event);
    if (this.#callings && event.type === 'message') {
      const called = this.#callings[event.message.type];
      this.#callings = undefined;
      if (called) {
        this.#node = called();
        // What it says to open links was said already.
        for (const link of this.#links) this.#node.receive(link);
      }
    }
    return this.#node.receive(event);
  }
}
