// From a node's timeline to its figures, entry by entry and in bounded memory. Idle is what is left of
// the time from the first commit to the last when the engine's work is taken off; each idle interval
// belongs to the cause that the node named when its engine ran dry. Counting from commit to commit
// keeps start-up out, which a short run would otherwise be measured by; the time in which the model is
// tested or saved is left out whole, for it is no part of a step.

import type { Figures } from './figures.ts';
import type { Entry, IdleCause } from './timeline.ts';
import { added, judged, nothing, plus, sum } from './totals.ts';
import type { Totals } from './totals.ts';

interface State {
  readonly first: number | undefined;
  readonly last: number | undefined;
  readonly steps: number;
  /** The last step that was committed for the first time. */
  readonly newest: number;
  readonly cause: IdleCause;
  readonly pausedAt: number | undefined;
  /** Up to when the time is accounted for. */
  readonly until: number;
  readonly total: Totals;
  /** As of the last commit: what comes later belongs to a step that may never be done. */
  readonly committed: Totals;
}

/** Reads a node's entries in the order of their ends and gives its figures at any time. */
export class Meter {
  #state: State = {
    first: undefined,
    last: undefined,
    steps: 0,
    newest: 0,
    cause: 'start',
    pausedAt: undefined,
    until: 0,
    total: nothing,
    committed: nothing,
  };

  add(entry: Entry): void {
    this.#state = next(this.#state, entry);
  }

  get figures(): Figures {
    const { first, last, steps, committed } = this.#state;
    const { busy, paused, pushes, stalePushes } = committed;
    const wallSeconds = first === undefined || last === undefined ? 0 : last - first - paused;
    const gradientSeconds = busy.forward + busy.backward + busy.weights;
    return {
      wallSeconds,
      steps,
      pausedSeconds: paused,
      busySeconds: busy,
      idleSeconds: committed.idle,
      idleShare: wallSeconds > 0 ? Math.max(0, 1 - sum(busy) / wallSeconds) : 0,
      serialiseSeconds: committed.serialise,
      sent: committed.sent,
      received: committed.received,
      bytesByLink: committed.links,
      thrownAwaySeconds: committed.thrownAway,
      pushes,
      stalePushes,
      staleSeconds: pushes > 0 ? (gradientSeconds * stalePushes) / pushes : 0,
    };
  }
}

function next(state: State, entry: Entry): State {
  switch (entry.type) {
    case 'commit':
      return committed(state, entry.step, entry.at);
    case 'wait':
      return { ...settle(state, entry.at), cause: entry.cause };
    case 'compute': {
      const settled = settle(state, entry.start);
      const start = Math.max(entry.start, settled.until);
      const end = Math.min(entry.end, settled.pausedAt ?? Infinity);
      const busy = plus(settled.total.busy, entry.kind, Math.max(0, end - start));
      return {
        ...settled,
        // Until the node says why it waits, it is the node that the engine waits for.
        cause: 'node',
        until: Math.max(settled.until, end),
        total: { ...settled.total, busy },
      };
    }
    case 'pause':
      return state.pausedAt === undefined ? { ...state, pausedAt: entry.at } : state;
    case 'resume':
      return resumed(state, entry.at);
    case 'abandon':
      return { ...state, total: judged(state.total, true) };
    default:
      return state.pausedAt === undefined ? { ...state, total: added(state.total, entry) } : state;
  }
}

/** Books the time up to `time` as idle, by the cause that was last named; of a pause nothing. */
function settle(state: State, time: number): State {
  const at = Math.min(time, state.pausedAt ?? Infinity);
  if (at <= state.until) return state;
  const idle = plus(state.total.idle, state.cause, at - state.until);
  return { ...state, until: at, total: { ...state.total, idle } };
}

function resumed(state: State, at: number): State {
  if (state.pausedAt === undefined) return state;
  const { total } = settle(state, state.pausedAt);
  const paused = total.paused + at - state.pausedAt;
  return { ...state, pausedAt: undefined, until: at, total: { ...total, paused } };
}

/** The first commit starts the count; each later one makes what came before it count. */
function committed(state: State, step: number, time: number): State {
  const at = Math.min(time, state.pausedAt ?? Infinity);
  if (state.first === undefined)
    return {
      ...state,
      first: at,
      last: at,
      until: at,
      newest: step,
      total: nothing,
      committed: nothing,
    };
  const settled = settle(state, at);
  const isNew = step > state.newest;
  const total = judged(settled.total, !isNew);
  const steps = state.steps + (isNew ? 1 : 0);
  const newest = Math.max(step, state.newest);
  return { ...settled, last: at, steps, newest, total, committed: total };
}
