// Virtual time: what is going to happen happens in order, and no time passes in between but what the
// costs say.

import { EventQueue } from './event-queue.ts';

/** What happens at a time; a promise where something real is computed. */
export type Action = () => void | Promise<void>;

/** How far a simulation may go: one that never comes to rest has to end too. */
export interface Bounds {
  readonly seconds: number;
  readonly actions: number;
}

export class VirtualClock {
  now = 0;
  readonly #queue = new EventQueue<Action>();

  at(seconds: number, action: Action): void {
    this.#queue.add(seconds, action);
  }

  /** Until nothing is left to happen; false when a bound was met before. */
  async run({ seconds, actions }: Bounds): Promise<boolean> {
    for (let done = 0; ; done += 1) {
      const next = this.#queue.take();
      if (!next) return true;
      if (next.seconds > seconds || done >= actions) return false;
      this.now = next.seconds;
      const pending = next.what();
      if (pending) await pending;
    }
  }
}
