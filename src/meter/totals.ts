// The sums that a node's entries are folded into. They only grow, and are never changed in place: as of
// the last commit and as of now are two of them.

import type { Sums, Traffic } from './figures.ts';
import type { BusyKind, Entry, IdleCause } from './timeline.ts';

const noBusy = { forward: 0, backward: 0, weights: 0, update: 0, other: 0 };
const noIdle = { input: 0, gradient: 0, parameters: 0, link: 0, node: 0, start: 0, end: 0 };

export interface Totals {
  readonly busy: Sums<BusyKind>;
  readonly idle: Sums<IdleCause>;
  readonly serialise: number;
  readonly paused: number;
  readonly thrownAway: number;
  /** Busy time of which it is settled whether it was thrown away. */
  readonly judged: number;
  readonly pushes: number;
  readonly stalePushes: number;
  readonly sent: Readonly<Record<string, Traffic>>;
  readonly received: Readonly<Record<string, Traffic>>;
  readonly links: Readonly<Record<string, number>>;
}

export const nothing: Totals = {
  busy: noBusy,
  idle: noIdle,
  serialise: 0,
  paused: 0,
  thrownAway: 0,
  judged: 0,
  pushes: 0,
  stalePushes: 0,
  sent: {},
  received: {},
  links: {},
};

export const plus = <Key extends string>(sums: Sums<Key>, key: Key, value: number): Sums<Key> => ({
  ...sums,
  [key]: (sums[key] ?? 0) + value,
});

export const sum = (seconds: Sums<string>): number =>
  Object.values(seconds).reduce((total, value) => total + value, 0);

const counted = (
  traffic: Readonly<Record<string, Traffic>>,
  message: string,
  bytes: number,
): Record<string, Traffic> => {
  const before = traffic[message] ?? { messages: 0, bytes: 0 };
  return { ...traffic, [message]: { messages: before.messages + 1, bytes: before.bytes + bytes } };
};

/** What has no length in time, and what is beside the engine. */
type Countable = Extract<Entry, { type: 'serialise' | 'send' | 'receive' | 'answer' }>;

export function added(total: Totals, entry: Countable): Totals {
  switch (entry.type) {
    case 'serialise':
      return { ...total, serialise: total.serialise + entry.seconds };
    case 'send': {
      const sent = counted(total.sent, entry.message, entry.bytes);
      return { ...total, sent, links: plus(total.links, entry.to, entry.bytes) };
    }
    case 'receive': {
      const received = counted(total.received, entry.message, entry.bytes);
      const links = plus(total.links, entry.from, entry.bytes);
      return { ...total, received, links };
    }
    case 'answer': {
      const stalePushes = total.stalePushes + (entry.staleness > 0 ? 1 : 0);
      return { ...total, pushes: total.pushes + 1, stalePushes };
    }
  }
}

/** What has been computed since it was last asked was for nothing, or not. */
export function judged(total: Totals, isThrownAway: boolean): Totals {
  const busy = sum(total.busy);
  const thrownAway = total.thrownAway + (isThrownAway ? busy - total.judged : 0);
  return { ...total, thrownAway, judged: busy };
}
