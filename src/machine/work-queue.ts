// Keeps the engine of a node at work: always one work ahead of the one that is being computed, and
// what is urgent before anything that the local rule would choose.

import { worksAhead } from '../node.ts';
import type { IdleCause, Work } from '../node.ts';
import type { Outbox } from './outbox.ts';

export class WorkQueue {
  readonly #outbox: Outbox;
  readonly #urgent: Work[] = [];
  /** Works that the engine has been given and has not done; and those of them that are wanted. */
  #computing = 0;
  readonly #given = new Set<Work>();
  /** Given past the queue and not done. */
  readonly #past = new Set<Work>();
  /** What was last said of an engine that has nothing to do. */
  #waiting: IdleCause | undefined;

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  /** Goes before anything of a pass: preparations, updates, layers read and written. */
  addUrgent(work: Work): void {
    this.#urgent.push(work);
  }

  /** What nobody has to wait for, or what may not be given up: the engine has it at once, behind what it was given. */
  giveAtOnce(work: Work): void {
    this.#past.add(work);
    this.#outbox.add({ type: 'compute', work });
  }

  /** The engine has done a work; false when nobody wants to know. */
  done(work: Work): boolean {
    if (this.#past.delete(work)) {
      // Why it stands idle is to be said again.
      this.#waiting = undefined;
      return true;
    }
    this.#computing -= 1;
    return this.#given.delete(work);
  }

  /** Nothing that waits in the queue or came out of it is wanted any more; the engine does what it has been given. */
  giveUp(): void {
    this.#urgent.length = 0;
    this.#given.clear();
  }

  /**
   * Gives the engine what it has room for: `choose` is asked when nothing is urgent, and `cause` when
   * nothing at all is left to compute.
   */
  fill(choose: () => Work | undefined, cause: () => IdleCause): void {
    while (this.#computing < worksAhead) {
      const work = this.#urgent.shift() ?? choose();
      if (!work) return this.#wait(cause());
      this.#computing += 1;
      this.#given.add(work);
      this.#waiting = undefined;
      this.#outbox.add({ type: 'compute', work });
    }
  }

  #wait(cause: IdleCause): void {
    if (this.#computing > 0 || cause === this.#waiting) return;
    this.#waiting = cause;
    this.#outbox.add({ type: 'wait', cause });
  }
}
