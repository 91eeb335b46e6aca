// What may go wrong in a simulation, as data: a script that fails can be printed, kept as a test and
// made shorter.

import type { Event, NodeId } from '../node.ts';
import type { Effect } from '../node.ts';

export type Fault =
  /**
   * The process is killed. `disk`: what it has written is lost as well; `silent`: without power, nobody
   * is told; `back`: it is started again after so many seconds.
   */
  | {
      readonly kind: 'crash';
      readonly device: NodeId;
      readonly disk?: 'lost';
      readonly silent?: true;
      readonly back?: number;
    }
  /** A device begins, or begins again with what its disk holds. */
  | { readonly kind: 'start'; readonly device: NodeId }
  /** The copies of the newest step on its disk cannot be read any more, as turns out when they are. */
  | { readonly kind: 'damage'; readonly device: NodeId }
  /** The process stands still. */
  | { readonly kind: 'pause'; readonly device: NodeId; readonly seconds: number }
  | {
      readonly kind: 'slowDevice';
      readonly device: NodeId;
      readonly times: number;
      readonly seconds: number;
    }
  /** Nothing gets through between two devices; those on one side of a partition are `devices`. */
  | {
      readonly kind: 'linkDown';
      readonly between: readonly [NodeId, NodeId];
      readonly seconds: number;
    }
  | { readonly kind: 'partition'; readonly devices: readonly NodeId[]; readonly seconds: number }
  | {
      readonly kind: 'slowLink';
      readonly between: readonly [NodeId, NodeId];
      readonly times: number;
      readonly seconds: number;
    }
  /** What is sent in the next `seconds` takes up to so much `longer`: other links overtake this one. */
  | {
      readonly kind: 'delay';
      readonly between: readonly [NodeId, NodeId];
      readonly longer: number;
      readonly seconds: number;
    }
  /** With sessions: the connection breaks, and what was on its way is lost; or segments come twice. */
  | { readonly kind: 'cut'; readonly between: readonly [NodeId, NodeId] }
  | {
      readonly kind: 'duplicate';
      readonly between: readonly [NodeId, NodeId];
      readonly segments: number;
    }
  /** From outside: a stop, a save. */
  | { readonly kind: 'event'; readonly device: NodeId; readonly event: Event };

/** So many events after something is seen for the `nth` time (from 1): the name of a message, a report or an effect. */
export interface Trigger {
  readonly on: string;
  readonly nth: number;
  readonly events: number;
}

export interface ScriptedFault {
  /** At this second, or when something happens. */
  readonly when: number | Trigger;
  readonly fault: Fault;
}

/** What triggers know an effect by. */
export function nameOf(effect: Effect): string {
  if (effect.type === 'send') return effect.message.type;
  return effect.type === 'report' ? effect.report.kind : effect.type;
}

interface Pending {
  readonly trigger: Trigger;
  readonly fault: Fault;
  seen: number;
  /** Events still to come, once it was seen often enough. */
  events: number;
}

/** The faults of a script that wait for something to happen. */
export class Triggers {
  #pending: Pending[] = [];
  readonly #inject: (fault: Fault) => void;

  constructor(script: readonly ScriptedFault[], inject: (fault: Fault) => void) {
    this.#inject = inject;
    for (const { when, fault } of script)
      if (typeof when !== 'number')
        this.#pending.push({ trigger: when, fault, seen: 0, events: when.events });
  }

  /** A node is going to be given an event. */
  event(): void {
    if (this.#pending.length === 0) return;
    const due = this.#pending.filter((each) => each.seen >= each.trigger.nth && each.events-- <= 0);
    this.#pending = this.#pending.filter((each) => !due.includes(each));
    for (const { fault } of due) this.#inject(fault);
  }

  effect(effect: Effect): void {
    if (this.#pending.length === 0) return;
    const name = nameOf(effect);
    for (const each of this.#pending) if (each.trigger.on === name) each.seen += 1;
  }
}
