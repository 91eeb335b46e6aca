// What a simulation takes, and what is known when it is over.

import type { Entry } from '../meter/timeline.ts';
import type {
  Effect,
  Event,
  Message,
  Node,
  NodeId,
  Payload,
  Report,
  Work,
  WorkResult,
} from '../node.ts';
import type { Bounds } from './clock.ts';
import type { Disk } from './disk.ts';
import type { Fault, ScriptedFault } from './faults.ts';

/** Carries out works, or only costs them: then it answers at once. */
export interface SimulatedExecutor {
  run(work: Work): WorkResult | Promise<WorkResult>;
}

/** A node and what computes for it. */
export interface SimulatedProcess {
  readonly node: Node;
  readonly executor: SimulatedExecutor;
}

/** How many other devices are running, or seeking their master, or will. */
export type Others = number;

export interface SimulatedDevice extends SimulatedProcess {
  /** What runs on it when it is started anew, from what its disk holds. */
  readonly again?: (disk: Disk, others: Others) => SimulatedProcess | Promise<SimulatedProcess>;
  /** An empty one, if it is not given. */
  readonly disk?: Disk;
  /** It is not there from the beginning: a fault `start` brings it in. */
  readonly isLate?: true;
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
  /** The layers of the master's last whole checkpoint. */
  readonly store: ReadonlyMap<number, Payload>;
  readonly disks: ReadonlyMap<NodeId, Disk>;
  /** Nothing was left to happen; otherwise a bound was met. */
  readonly cameToRest: boolean;
}

/** Spans, transmissions and timelines; or timelines; or only what nodes report. */
export type Recorded = 'all' | 'timelines' | 'nothing';

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
  /** Events from outside that come again and again while their node runs. */
  readonly every?: SimulationOptions['at'];
  readonly faults?: readonly ScriptedFault[];
  /** How long it takes to write a layer to disk. */
  readonly diskSeconds?: (bytes: number) => number;
  /** Links by the transport's own sessions, instead of by what they promise. */
  readonly sessions?: boolean;
  readonly record?: Recorded;
  /** Where a simulation is to end that does not come to rest. */
  readonly bounds?: Bounds;
  readonly watch?: Watch;
}

/** Sees all that happens. */
export interface Watch {
  /** A node was told of an event, and asks for these effects. */
  told?(seconds: number, device: NodeId, event: Event, effects: readonly Effect[]): void;
  injected?(seconds: number, fault: Fault): void;
}
