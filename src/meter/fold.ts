// From a node's timeline to its figures, entry by entry and in bounded memory. Idle is what is left of
// the time from the first commit to the last when the engine's work is taken off; each idle interval
// belongs to the cause that the node named when its engine ran dry. Counting from commit to commit
// keeps start-up out, which a short run would otherwise be measured by.

import type { BusyKind, Entry, IdleCause } from './timeline.ts';

type Sums<Key extends string> = Readonly<Record<Key, number>>;

export interface Traffic {
  readonly messages: number;
  readonly bytes: number;
}

/** The figures of one node; seconds and bytes. */
export interface Figures {
  /** From the first commit to the last. */
  readonly wallSeconds: number;
  readonly steps: number;
  readonly busySeconds: Sums<BusyKind>;
  readonly idleSeconds: Sums<IdleCause>;
  /** Share of the wall time in which the engine computed nothing, 0 to 1. */
  readonly idleShare: number;
  readonly serialiseSeconds: number;
  readonly sent: Readonly<Record<string, Traffic>>;
  readonly received: Readonly<Record<string, Traffic>>;
  /** Bytes both ways, by neighbour: the greatest is the busiest link's. */
  readonly bytesByLink: Readonly<Record<string, number>>;
}

const noBusy = { forward: 0, backward: 0, weights: 0, update: 0, other: 0 };
const noIdle = { input: 0, gradient: 0, parameters: 0, link: 0, node: 0, start: 0, end: 0 };

interface State {
  readonly first: number | undefined;
  readonly last: number | undefined;
  readonly steps: number;
  readonly cause: IdleCause;
  /** Up to when the time is accounted for. */
  readonly until: number;
  readonly total: Totals;
  /** As of the last commit: what comes later belongs to a step that may never be done. */
  readonly committed: Totals;
}

interface Totals {
  readonly busy: Sums<BusyKind>;
  readonly idle: Sums<IdleCause>;
  readonly serialise: number;
  readonly sent: Readonly<Record<string, Traffic>>;
  readonly received: Readonly<Record<string, Traffic>>;
  readonly links: Readonly<Record<string, number>>;
}

const nothing: Totals = {
  busy: noBusy,
  idle: noIdle,
  serialise: 0,
  sent: {},
  received: {},
  links: {},
};

const plus = <Key extends string>(sums: Sums<Key>, key: Key, value: number): Sums<Key> => ({
  ...sums,
  [key]: (sums[key] ?? 0) + value,
});

const counted = (
  traffic: Readonly<Record<string, Traffic>>,
  message: string,
  bytes: number,
): Record<string, Traffic> => {
  const before = traffic[message] ?? { messages: 0, bytes: 0 };
  return { ...traffic, [message]: { messages: before.messages + 1, bytes: before.bytes + bytes } };
};

/** Reads a node's entries in the order of their ends and gives its figures at any time. */
export class Meter {
  #state: State = {
    first: undefined,
    last: undefined,
    steps: 0,
    cause: 'start',
    until: 0,
    total: nothing,
    committed: nothing,
  };

  add(entry: Entry): void {
    this.#state = next(this.#state, entry);
  }

  get figures(): Figures {
    const { first, last, steps, committed } = this.#state;
    const wallSeconds = first === undefined || last === undefined ? 0 : last - first;
    const busy = Object.values(committed.busy).reduce((sum, seconds) => sum + seconds, 0);
    return {
      wallSeconds,
      steps,
      busySeconds: committed.busy,
      idleSeconds: committed.idle,
      idleShare: wallSeconds > 0 ? Math.max(0, 1 - busy / wallSeconds) : 0,
      serialiseSeconds: committed.serialise,
      sent: committed.sent,
      received: committed.received,
      bytesByLink: committed.links,
    };
  }
}

function next(state: State, entry: Entry): State {
  const { total } = state;
  switch (entry.type) {
    case 'commit':
      return committed(state, entry.at);
    case 'wait':
      return { ...settle(state, entry.at), cause: entry.cause };
    case 'compute': {
      const settled = settle(state, entry.start);
      const start = Math.max(entry.start, settled.until);
      const busy = plus(settled.total.busy, entry.kind, Math.max(0, entry.end - start));
      return {
        ...settled,
        // Until the node says why it waits, it is the node that the engine waits for.
        cause: 'node',
        until: Math.max(settled.until, entry.end),
        total: { ...settled.total, busy },
      };
    }
    case 'serialise':
      return { ...state, total: { ...total, serialise: total.serialise + entry.seconds } };
    case 'send': {
      const sent = counted(total.sent, entry.message, entry.bytes);
      return {
        ...state,
        total: { ...total, sent, links: plus(total.links, entry.to, entry.bytes) },
      };
    }
    case 'receive': {
      const received = counted(total.received, entry.message, entry.bytes);
      const links = plus(total.links, entry.from, entry.bytes);
      return { ...state, total: { ...total, received, links } };
    }
  }
}

/** Books the time up to `at` as idle, by the cause that was last named. */
function settle(state: State, at: number): State {
  if (at <= state.until) return state;
  const idle = plus(state.total.idle, state.cause, at - state.until);
  return { ...state, until: at, total: { ...state.total, idle } };
}

/** The first commit starts the count; each later one makes what came before it count. */
function committed(state: State, at: number): State {
  if (state.first === undefined)
    return { ...state, first: at, last: at, until: at, total: nothing, committed: nothing };
  const settled = settle(state, at);
  return { ...settled, last: at, steps: state.steps + 1, committed: settled.total };
}
