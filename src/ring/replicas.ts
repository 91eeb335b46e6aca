// A worker's copies on their way to its clockwise neighbour, who keeps them in case this node is lost.
// They are sent from its own keeping, one at a time, whenever the link has nothing else to do.

import type { Outbox } from '../machine/outbox.ts';
import { masterId } from '../node.ts';
import type { Message, NodeId, Payload } from '../node.ts';

interface Copy {
  readonly step: number;
  readonly layer: number;
}

export class Replicas {
  readonly #run: string;
  readonly #neighbour: NodeId;
  readonly #outbox: Outbox;
  /** Those that wait, the first being under way. */
  readonly #waiting: Copy[] = [];
  #sending: Message | undefined;

  constructor(run: string, neighbour: NodeId, outbox: Outbox) {
    this.#run = run;
    this.#neighbour = neighbour;
    this.#outbox = outbox;
  }

  add(step: number, layer: number): void {
    if (this.#waiting.push({ step, layer }) === 1) this.#next();
  }

  /** A copy is back from the node's keeping; false when it is not for this. */
  recalled(step: number, layer: number, payload?: Payload): boolean {
    const [copy] = this.#waiting;
    if (this.#sending || step !== copy?.step || layer !== copy.layer) return false;
    if (!payload) {
      this.#outbox.send(masterId, { type: 'absent', step, layer });
      return this.#done();
    }
    this.#sending = { type: 'replica', step, layer, payload };
    const { generation } = this.#outbox;
    this.#outbox.add({
      type: 'send',
      to: this.#neighbour,
      generation,
      message: this.#sending,
      background: true,
    });
    return true;
  }

  sent(message: Message): void {
    if (message === this.#sending) this.#done();
  }

  #done(): true {
    this.#sending = undefined;
    this.#waiting.shift();
    this.#next();
    return true;
  }

  #next(): void {
    const [copy] = this.#waiting;
    if (copy) this.#outbox.add({ type: 'recall', run: this.#run, ...copy });
  }
}
