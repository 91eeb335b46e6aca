// When bytes have left and when they are there: each link sends one message at a time, and so does each
// device over all its links together, or everyone over a medium that all share. A device's downlink takes
// what the uplinks of others let out, as a token bucket at both ends of a path would.

import type { NodeId } from '../node.ts';
import type { Access, LinkCost } from './simulation.ts';

export class Network {
  readonly #link: (from: NodeId, to: NodeId) => LinkCost;
  readonly #access: Access | undefined;
  /** Up to when each link, uplink, downlink or the medium is taken. */
  readonly #free = new Map<string, number>();

  constructor(link: (from: NodeId, to: NodeId) => LinkCost, access: Access | undefined) {
    this.#link = link;
    this.#access = access;
  }

  /** Whether what has left waits for the other device's downlink. */
  get hasDownlinks(): boolean {
    return this.#access?.kind === 'duplex';
  }

  latency(from: NodeId, to: NodeId): number {
    return this.#link(from, to).latencySeconds;
  }

  /** Sends from `now` on, or as soon as those that were asked for before have left. */
  send(now: number, from: NodeId, to: NodeId, bytes: number): { start: number; end: number } {
    const access = this.#access;
    const places = [`${from}>${to}`];
    if (access) places.push(access.kind === 'shared' ? 'medium' : `${from}>`);
    const start = Math.max(now, ...places.map((place) => this.#free.get(place) ?? 0));
    const crossings = access?.kind === 'shared' ? 2 : 1;
    const rate = Math.min(
      this.#link(from, to).bytesPerSecond,
      (access?.bytesPerSecond ?? Infinity) / crossings,
    );
    const end = start + bytes / rate;
    for (const place of places) this.#free.set(place, end);
    return { start, end };
  }

  /** When what has left by `now` is through the downlink; asked in the order of leaving. */
  receive(now: number, to: NodeId, bytes: number): number {
    if (this.#access?.kind !== 'duplex') return now;
    const place = `>${to}`;
    const passed = (this.#free.get(place) ?? 0) + bytes / this.#access.bytesPerSecond;
    const end = Math.max(now, passed);
    this.#free.set(place, end);
    return end;
  }

  /** When the last that was sent over a link has left. */
  leftBy(now: number, from: NodeId, to: NodeId): number {
    return Math.max(now, this.#free.get(`${from}>${to}`) ?? 0);
  }
}
