// Keeps the engine of a node at work: always one work ahead of the one that is being computed, and
// what is urgent before anything that the local rule would choose.

import { worksAhead } from '../node.ts';
import type { Work } from '../node.ts';
import type { Outbox } from './outbox.ts';

export class WorkQueue {
  readonly #outbox: Outbox;
  readonly #urgent: Work[] = [];
  /** Works that the engine has been given and has not done. */
  #computing = 0;

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  /** Goes before anything of a pass: preparations, updates, layers read and written. */
  addUrgent(work: Work): void {
    this.#urgent.push(work);
  }

  /** The engine has done a work. */
  done(): void {
    this.#computing -= 1;
  }

  /** Gives the engine what it has room for; `choose` is asked when nothing is urgent. */
  fill(choose: () => Work | undefined): void {
    while (this.#computing < worksAhead) {
      const work = this.#urgent.shift() ?? choose();
      if (!work) return;
      this.#computing += 1;
      this.#outbox.add({ type: 'compute', work });
    }
  }
}
