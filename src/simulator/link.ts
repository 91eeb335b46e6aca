// A link between two simulated nodes: its two ends, and what is on its way between them.

import type { Event, Message, NodeId } from '../node.ts';
import type { Action } from './clock.ts';
import type { RunningNode } from './device.ts';

/** Something on its way. */
export interface Flight {
  readonly event: Event;
  readonly bytes: number;
  /** When its last byte has left. */
  readonly left: number;
  /** The sender waits to hear that it has come. */
  readonly message?: Message;
}

/** One side of a link, with what is on its way from it. */
export class LinkEnd {
  readonly running: RunningNode;
  /** What this side calls the other. */
  readonly peer: NodeId;
  readonly link: Link;
  other!: LinkEnd;
  /** Until its process has been told that the link has ended. */
  isOpen = true;
  readonly flights: Flight[] = [];
  /** Arrivals, and words that something has come, that were due while nothing got through. */
  stalled: Action[] = [];
  lastArrival = 0;
  readonly background: { readonly message: Message; readonly event: Event; left: number }[] = [];
  messagesSincePiece = 0;

  constructor(running: RunningNode, peer: NodeId, link: Link) {
    this.running = running;
    this.peer = peer;
    this.link = link;
  }
}

export class Link {
  ends!: readonly [LinkEnd, LinkEnd];
  /** Nothing gets through, since when. */
  silentSince: number | undefined;
  isBroken = false;
}
