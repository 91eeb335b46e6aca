// Who comes in to a run that takes so many and no more: whoever comes beyond that waits, unheard, until
// one of them is gone. A measurement is of the devices that it says, also when others knock meanwhile.

import type { Link } from '../ports.ts';

export class Guests {
  readonly #most: number;
  readonly #letIn: (link: Link) => void;
  readonly #inside = new Set<Link>();
  readonly #waiting = new Set<Link>();

  constructor(most: number, letIn: (link: Link) => void) {
    this.#most = most;
    this.#letIn = letIn;
  }

  /** `gone` settles when the link has ended. */
  take(link: Link, gone: Promise<void>): void {
    this.#waiting.add(link);
    this.#fill();
    void gone.then(() => this.#left(link));
  }

  /** Sends those away who wait. */
  async close(): Promise<void> {
    await Promise.all([...this.#waiting].map((link) => link.close()));
  }

  #left(link: Link): void {
    this.#waiting.delete(link);
    if (this.#inside.delete(link)) this.#fill();
  }

  #fill(): void {
    for (const link of this.#waiting) {
      if (this.#inside.size >= this.#most) return;
      this.#waiting.delete(link);
      this.#inside.add(link);
      this.#letIn(link);
    }
  }
}
