// What a meter says of one node, and what follows from it alone. Plain data, as it also comes from
// other devices.

import type { BusyKind, IdleCause } from './timeline.ts';

export type Sums<Key extends string> = Readonly<Record<Key, number>>;

export interface Traffic {
  readonly messages: number;
  readonly bytes: number;
}

/** The figures of one node; seconds and bytes. */
export interface Figures {
  /** From the first commit to the last, without pauses. */
  readonly wallSeconds: number;
  /** Steps committed in that time; one that was done again counts once. */
  readonly steps: number;
  /** Testing and saving between the first commit and the last: nothing else of it counts. */
  readonly pausedSeconds: number;
  readonly busySeconds: Sums<BusyKind>;
  readonly idleSeconds: Sums<IdleCause>;
  /** Share of the wall time in which the engine computed nothing, 0 to 1. */
  readonly idleShare: number;
  readonly serialiseSeconds: number;
  readonly sent: Readonly<Record<string, Traffic>>;
  readonly received: Readonly<Record<string, Traffic>>;
  /** Bytes both ways, by neighbour: the greatest is the busiest link's. */
  readonly bytesByLink: Readonly<Record<string, number>>;
  /** Busy time for steps that had to be done again, or of passes that came to nothing. */
  readonly thrownAwaySeconds: number;
  /** Gradients that a server has answered, and those of them computed on weights updated since. */
  readonly pushes: number;
  readonly stalePushes: number;
  /** Busy time on stale weights: that of the gradients, by the share of pushes that were stale. */
  readonly staleSeconds: number;
}

/** The link that carried most, both ways: to whom, and how much. */
export function busiestLink({ bytesByLink }: Pick<Figures, 'bytesByLink'>): {
  readonly to: string;
  readonly bytes: number;
} {
  let most = { to: '', bytes: 0 };
  for (const [to, bytes] of Object.entries(bytesByLink))
    if (bytes > most.bytes) most = { to, bytes };
  return most;
}
