// What a node asks for while it takes in one event. All parts of a node write here, so that effects
// come out in the order in which they were thought of, whoever thought of them.

import type { Effect, Message, NodeId, Report } from '../node.ts';

export class Outbox {
  /** The ring that messages belong to; 0 until there is one. */
  generation = 0;
  #effects: Effect[] = [];

  add(effect: Effect): void {
    this.#effects.push(effect);
  }

  send(to: NodeId, message: Message): void {
    this.add({ type: 'send', to, generation: this.generation, message });
  }

  report(report: Report): void {
    this.add({ type: 'report', report });
  }

  /** Empties it. */
  take(): readonly Effect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}
