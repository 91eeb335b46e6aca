// Connections as sessions stand on them: they carry bytes in order, hold them up while nothing gets
// through, and lose them when they break, which each side sees when it can.

import { RingError } from '../errors.ts';
import type { Event, NodeId } from '../node.ts';
import type { Session } from '../protocol/session.ts';
import type { RunningNode } from './device.ts';
import type { TrafficRoutes } from './traffic.ts';

type Flight =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; readonly left: number }
  | { readonly kind: 'closed' | 'reset'; readonly left: number };

/** What is on its way over one connection, from one side. */
class Pipe {
  flights: Flight[] = [];
  /** Arrivals that were due while nothing got through. */
  stalled = 0;
  lastArrival = 0;
}

/** One connection: it is gone for a side that does not stand on it any more. */
type Connection = ReadonlyMap<Side, Pipe>;

/** One side of a session. */
export class Side {
  readonly running: RunningNode;
  readonly peer: NodeId;
  other!: Side;
  session!: Session;
  connection: Connection | undefined;
  heardBytes = 0;
  attempts = 0;
  /** Segments that will arrive twice. */
  duplicates = 0;
  /** Until its process has been told that the link has ended, or has ended itself. */
  isOpen = true;
  /** The process has ended, and what it sent is still to be acknowledged. */
  isClosing = false;
  acknowledgesSoon = false;
  readonly inbox: Event[] = [];

  constructor(running: RunningNode, peer: NodeId) {
    this.running = running;
    this.peer = peer;
  }

  get isThere(): boolean {
    return (this.running.isAlive || this.isClosing) && !this.session.hasEnded;
  }
}

export class Connections {
  readonly #routes: TrafficRoutes;
  readonly #arrived: (side: Side, bytes: Uint8Array) => void;

  /** `arrived`: bytes have come to a side. */
  constructor(routes: TrafficRoutes, arrived: (side: Side, bytes: Uint8Array) => void) {
    this.#routes = routes;
    this.#arrived = arrived;
  }

  connect(a: Side, b: Side): void {
    a.connection = b.connection = new Map([
      [a, new Pipe()],
      [b, new Pipe()],
    ]);
  }

  send(side: Side, bytes: Uint8Array): void {
    const { clock, network } = this.#routes;
    if (!side.connection) return;
    const [from, to] = [side.running.device.id, side.other.running.device.id];
    const { end } = network.send(clock.now, from, to, bytes.length);
    this.#fly(side, side.connection, { kind: 'bytes', bytes, left: end });
  }

  #fly(side: Side, connection: Connection, flight: Flight): void {
    const { clock, weather } = this.#routes;
    const pipe = connection.get(side)!;
    const delay = weather.delay(side.running.device, side.other.running.device);
    pipe.flights.push(flight);
    pipe.lastArrival = Math.max(pipe.lastArrival, flight.left + this.latency(side) + delay);
    clock.at(pipe.lastArrival, () => this.#arrive(side, connection));
  }

  /** What is first on its way from a side has come. */
  #arrive(side: Side, connection: Connection): void {
    const { other } = side;
    const pipe = connection.get(side)!;
    if (this.isBlocked(side)) {
      pipe.stalled += 1;
      return;
    }
    const flight = pipe.flights.shift();
    if (!flight || other.connection !== connection || !other.isThere) return;
    if (flight.kind === 'bytes') {
      other.heardBytes += flight.bytes.length;
      return this.#arrived(other, flight.bytes);
    }
    other.connection = undefined;
    if (flight.kind === 'closed') other.session.end(undefined, lost('the other side left'));
    else other.session.broken(lost('the connection broke'));
  }

  /** A side does not stand on its connection any more, which the other will see. */
  leave(side: Side, kind: 'closed' | 'reset', leftBy = Infinity): void {
    const { connection } = side;
    if (!connection) return;
    side.connection = undefined;
    const pipe = connection.get(side)!;
    while ((pipe.flights.at(-1)?.left ?? 0) > leftBy) pipe.flights.pop();
    const left = Math.max(this.#routes.clock.now, pipe.flights.at(-1)?.left ?? 0);
    this.#fly(side, connection, { kind, left });
  }

  /** The connection breaks: what is on its way from this side is lost. */
  cut(side: Side): void {
    const pipe = side.connection?.get(side);
    if (!pipe || !side.connection) return;
    pipe.flights = [];
    this.#fly(side, side.connection, { kind: 'reset', left: this.#routes.clock.now });
  }

  /** What was held up on the connection that a side stands on arrives, if it can. */
  refresh(standing: Side): void {
    const { clock } = this.#routes;
    const { connection } = standing;
    if (!connection || this.isBlocked(standing)) return;
    for (const side of [standing, standing.other]) {
      const pipe = connection.get(side)!;
      const arrival = clock.now + this.latency(side);
      pipe.lastArrival = Math.max(pipe.lastArrival, arrival);
      for (; pipe.stalled > 0; pipe.stalled -= 1)
        clock.at(arrival, () => this.#arrive(side, connection));
    }
  }

  isBlocked({ running, other }: Side): boolean {
    return this.#routes.weather.isBlocked(running.device, other.running.device);
  }

  latency({ running, other }: Side): number {
    return this.#routes.network.latency(running.device.id, other.running.device.id);
  }
}

export const lost = (reason: string): RingError => new RingError('NODE_LOST', reason);
