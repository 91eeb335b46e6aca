// What a simulation takes, and what is known when it is over.

import type { Entry } from '../meter/timeline.ts';
import type {
  Effect,
  Event,
  Executor,
  Message,
  Node,
  NodeId,
  Payload,
  Report,
  Work,
} from '../node.ts';

export interface SimulatedDevice {
  readonly node: Node;
  readonly executor: Executor;
  /** How long the device computes `work`, in seconds. */
  readonly seconds: (work: Work) => number;
  /** How long its own thread is busy with a message of so many bytes, at either end; without it, no time. */
  readonly serialiseSeconds?: (bytes: number) => number;
}

export interface LinkCost {
  readonly latencySeconds: number;
  readonly bytesPerSecond: number;
}

/** What limits all links of a device together, besides what limits each of them. */
export type Access =
  /** Each device sends at this rate over all its links together, and receives at it at the same time. */
  | { readonly kind: 'duplex'; readonly bytesPerSecond: number }
  /**
   * All devices share one medium, one frame at a time: stations of one Wi-Fi access point, between which
   * every frame crosses the air twice.
   */
  | { readonly kind: 'shared'; readonly bytesPerSecond: number };

export interface Span {
  readonly node: NodeId;
  readonly work: Work;
  readonly start: number;
  readonly end: number;
}

export interface Transmission {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly message: Message;
  readonly start: number;
  /** When the last byte has left; it arrives a latency later. */
  readonly end: number;
}

export interface Simulation {
  readonly seconds: number;
  readonly spans: readonly Span[];
  readonly transmissions: readonly Transmission[];
  /** What each node's meter reads. */
  readonly timelines: ReadonlyMap<NodeId, readonly Entry[]>;
  readonly reports: readonly Report[];
  /** How each node ended; a node that is missing never did. */
  readonly ends: ReadonlyMap<NodeId, Extract<Effect, { type: 'end' }>>;
  readonly store: ReadonlyMap<number, Payload>;
}

export interface SimulationOptions {
  /** The first is the master. */
  readonly devices: ReadonlyMap<NodeId, SimulatedDevice>;
  readonly link: (from: NodeId, to: NodeId) => LinkCost;
  /** Without one, only links limit. */
  readonly access?: Access;
  /** What the master's store holds at the start, by layer. */
  readonly store?: ReadonlyMap<number, Payload>;
  /** Events from outside, such as a user's stop. */
  readonly at?: readonly {
    readonly seconds: number;
    readonly node: NodeId;
    readonly event: Event;
  }[];
}
