// What travels over links: messages leave one after the other, arrive in that order, and their sender
// hears that they have come.

import type { Effect, Event, Message } from '../node.ts';
import { tensorHeaderBytes } from './costed.ts';
import type { VirtualClock } from './clock.ts';
import type { Device, RunningNode } from './device.ts';
import type { Flight, LinkEnd } from './link.ts';
import type { Network } from './network.ts';
import type { Record } from './record.ts';
import type { Weather } from './weather.ts';

/** Background messages leave in pieces of so many bytes, at least one after so many other messages. */
const pieceBytes = 8192;
const patienceMessages = 8;

/** Bytes of a message besides its payload. */
const frameBytes = 96;

const bytesOf = (message: Message): number =>
  frameBytes + ('payload' in message ? tensorHeaderBytes + message.payload.bytes : 0);

export interface TrafficRoutes {
  readonly clock: VirtualClock;
  readonly network: Network;
  readonly record: Record;
  /** Tells a process of an event. */
  readonly give: (running: RunningNode, event: Event) => void | Promise<void>;
  readonly weather: Weather;
}

export class Traffic {
  readonly #routes: TrafficRoutes;
  readonly #ended: (end: LinkEnd, event: Event) => void | Promise<void>;

  /** `ended`: word that a link has ended has come to this end of it. */
  constructor(routes: TrafficRoutes, ended: (end: LinkEnd, event: Event) => void | Promise<void>) {
    this.#routes = routes;
    this.#ended = ended;
  }

  send(running: RunningNode, effect: Extract<Effect, { type: 'send' }>): void {
    const end = running.links.get(effect.to);
    if (!end?.isOpen || end.link.isBroken) return;
    const { generation, message } = effect;
    const event: Event = { type: 'message', from: end.other.peer, generation, message };
    if (!effect.background) return this.#send(end, message, event);
    end.background.push({ message, event, left: bytesOf(message) });
    if (end.background.length === 1) this.#sendPiece(end);
  }

  #send(end: LinkEnd, message: Message, event: Event): void {
    const { network, record } = this.#routes;
    const [from, to] = [end.running.device, end.other.running.device];
    const bytes = bytesOf(message);
    const ready = this.#serialise(from, bytes);
    const times = network.send(ready, from.id, to.id, bytes);
    end.messagesSincePiece += 1;
    record.transmission({ from: from.id, to: to.id, message, ...times });
    record.note(from.id, { type: 'send', to: to.id, message: message.type, bytes, ...times });
    this.fly(end, { event, bytes, left: times.end, message });
  }

  /** Sends a piece of the first background message when the link has nothing else to do. */
  #sendPiece(end: LinkEnd): void {
    const { clock, network } = this.#routes;
    const [first] = end.background;
    if (!first || end.link.isBroken) return;
    const [from, to] = [end.running.device.id, end.other.running.device.id];
    const free = network.leftBy(clock.now, from, to);
    if (free > clock.now && end.messagesSincePiece < patienceMessages)
      return clock.at(free, () => this.#sendPiece(end));
    const bytes = Math.min(first.left, pieceBytes);
    const times = network.send(clock.now, from, to, bytes);
    const { type: message } = first.message;
    this.#routes.record.note(from, { type: 'send', to, message, bytes, ...times });
    end.messagesSincePiece = 0;
    first.left -= bytes;
    if (first.left === 0) {
      end.background.shift();
      const { event, message } = first;
      this.fly(end, { event, bytes, left: times.end, message });
    }
    clock.at(times.end, () => this.#sendPiece(end));
  }

  /** Something is on its way: through the other's downlink, when it has left. */
  fly(end: LinkEnd, flight: Flight): void {
    const { clock, network } = this.#routes;
    end.flights.push(flight);
    if (!network.hasDownlinks) return this.#arriveAt(end, flight.left);
    const { id } = end.other.running.device;
    clock.at(flight.left, () => this.#arriveAt(end, network.receive(clock.now, id, flight.bytes)));
  }

  #arriveAt(end: LinkEnd, through: number): void {
    const { clock, network, weather } = this.#routes;
    const [from, to] = [end.running.device, end.other.running.device];
    const arrival = through + network.latency(from.id, to.id) + weather.delay(from, to);
    end.lastArrival = Math.max(end.lastArrival, arrival);
    clock.at(end.lastArrival, () => this.#arrive(end));
  }

  /** What is first on its way has come. */
  #arrive(end: LinkEnd): void | Promise<void> {
    if (end.link.silentSince !== undefined) {
      end.stalled.push(() => this.#arrive(end));
      return;
    }
    const flight = end.flights.shift();
    if (!flight) return;
    const { clock } = this.#routes;
    const { device } = end.other.running;
    if (device.of.serialiseSeconds === undefined) return this.#deliver(end, flight);
    const ready = this.#serialise(device, flight.bytes);
    clock.at(ready, () => this.#deliver(end, flight));
  }

  #deliver(end: LinkEnd, { event, bytes, message }: Flight): void | Promise<void> {
    const { clock, network, record, give } = this.#routes;
    const { running } = end.other;
    if (!end.other.isOpen || !running.isAlive) return;
    if (!message) return this.#ended(end.other, event);
    const [from, to] = [end.running.device.id, running.device.id];
    record.note(to, { type: 'receive', from, message: message.type, bytes, at: clock.now });
    if ('payload' in message)
      clock.at(clock.now + network.latency(to, from), () => this.#acknowledge(end, message));
    return give(running, event);
  }

  /** The sender hears that its message has come. */
  #acknowledge(end: LinkEnd, message: Message): void | Promise<void> {
    if (!end.isOpen) return;
    if (end.link.silentSince === undefined)
      return this.#routes.give(end.running, { type: 'sent', message });
    end.stalled.push(() => this.#acknowledge(end, message));
  }

  /** When the device's own thread has a message ready that it is given now. */
  #serialise(device: Device, bytes: number): number {
    const { clock, record } = this.#routes;
    const seconds = device.of.serialiseSeconds?.(bytes) ?? 0;
    if (seconds === 0) return clock.now;
    const start = Math.max(clock.now, device.threadFree);
    device.threadFree = start + seconds;
    record.note(device.id, { type: 'serialise', seconds, at: start });
    return start + seconds;
  }
}
