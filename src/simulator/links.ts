// Links between processes as the transport promises them: what is sent arrives once and in order, over
// a connection that breaks as well, unless nothing has been heard for longer than anyone waits. Then
// both sides are told that the link has ended, and what was on its way is lost.

import type { Effect, Event, Message, NodeId } from '../node.ts';
import type { Action, VirtualClock } from './clock.ts';
import type { Device, Process } from './device.ts';
import type { Network } from './network.ts';
import type { Record } from './record.ts';

/** How long one side waits for a silent other one: heartbeats of the transport and its grace. */
export const patienceSeconds = 10;

/** Background messages leave in pieces of so many bytes, at least one after so many other messages. */
const pieceBytes = 32_768;
const patienceMessages = 32;

/** Bytes of a message besides its payload. */
const frameBytes = 96;

const bytesOf = (message: Message): number =>
  frameBytes + ('payload' in message ? message.payload.bytes : 0);

/** Something on its way. */
interface Flight {
  readonly event: Event;
  readonly bytes: number;
  /** When its last byte has left. */
  readonly left: number;
  /** The sender waits to hear that it has come. */
  readonly message?: Message;
}

/** One side of a link, with what is on its way from it. */
export class LinkEnd {
  readonly process: Process;
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

  constructor(process: Process, peer: NodeId, link: Link) {
    this.process = process;
    this.peer = peer;
    this.link = link;
  }
}

class Link {
  ends!: readonly [LinkEnd, LinkEnd];
  /** Nothing gets through, since when. */
  silentSince: number | undefined;
  isBroken = false;
}

export interface LinkRoutes {
  readonly clock: VirtualClock;
  readonly network: Network;
  readonly record: Record;
  /** Tells a process of an event. */
  readonly give: (process: Process, event: Event) => void | Promise<void>;
  /** Whether something between two devices keeps everything back. */
  readonly isBlocked: (a: Device, b: Device) => boolean;
  /** By how much longer a message takes. */
  readonly delay: (a: Device, b: Device) => number;
}

export class Links {
  readonly #routes: LinkRoutes;
  readonly #all = new Set<Link>();

  constructor(routes: LinkRoutes) {
    this.#routes = routes;
  }

  /** Opens a link: `a` dialled, and calls the other `nameOfB`. Each side is told when it knows. */
  open(a: Process, nameOfB: NodeId, b: Process, nameOfA: NodeId): void {
    const { clock, network, give } = this.#routes;
    const link = new Link();
    link.ends = [new LinkEnd(a, nameOfB, link), new LinkEnd(b, nameOfA, link)];
    link.ends[0].other = link.ends[1];
    link.ends[1].other = link.ends[0];
    for (const end of link.ends) end.process.links.set(end.peer, end);
    this.#all.add(link);
    const latency = network.latency(a.device.id, b.device.id);
    clock.at(clock.now + 2 * latency, () => give(a, { type: 'linked', node: nameOfB }));
    clock.at(clock.now + latency, () => give(b, { type: 'linked', node: nameOfA }));
    this.#listen(link);
  }

  send(process: Process, effect: Extract<Effect, { type: 'send' }>): void {
    const end = process.links.get(effect.to);
    if (!end?.isOpen || end.link.isBroken) return;
    const { generation, message } = effect;
    const event: Event = { type: 'message', from: end.other.peer, generation, message };
    if (!effect.background) return this.#send(end, message, event);
    end.background.push({ message, event, left: bytesOf(message) });
    if (end.background.length === 1) this.#sendPiece(end);
  }

  #send(end: LinkEnd, message: Message, event: Event): void {
    const { network, record } = this.#routes;
    const [from, to] = [end.process.device, end.other.process.device];
    const bytes = bytesOf(message);
    const ready = this.#serialise(from, bytes);
    const times = network.send(ready, from.id, to.id, bytes);
    end.messagesSincePiece += 1;
    record.transmission({ from: from.id, to: to.id, message, ...times });
    record.note(from.id, { type: 'send', to: to.id, message: message.type, bytes, ...times });
    this.#fly(end, { event, bytes, left: times.end, message });
  }

  /** Sends a piece of the first background message when the link has nothing else to do. */
  #sendPiece(end: LinkEnd): void {
    const { clock, network } = this.#routes;
    const [first] = end.background;
    if (!first || end.link.isBroken) return;
    const [from, to] = [end.process.device.id, end.other.process.device.id];
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
      this.#fly(end, { event, bytes, left: times.end, message });
    }
    clock.at(times.end, () => this.#sendPiece(end));
  }

  /** A message is on its way: through the other's downlink, when it has left. */
  #fly(end: LinkEnd, flight: Flight): void {
    const { clock, network } = this.#routes;
    end.flights.push(flight);
    if (!network.hasDownlinks) return this.#arriveAt(end, flight.left);
    const { id } = end.other.process.device;
    clock.at(flight.left, () => this.#arriveAt(end, network.receive(clock.now, id, flight.bytes)));
  }

  #arriveAt(end: LinkEnd, through: number): void {
    const { clock, network, delay } = this.#routes;
    const [from, to] = [end.process.device, end.other.process.device];
    const arrival = through + network.latency(from.id, to.id) + delay(from, to);
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
    const { device } = end.other.process;
    if (device.of.serialiseSeconds === undefined) return this.#deliver(end, flight);
    const ready = this.#serialise(device, flight.bytes);
    clock.at(ready, () => this.#deliver(end, flight));
  }

  #deliver(end: LinkEnd, { event, bytes, message }: Flight): void | Promise<void> {
    const { clock, network, record, give } = this.#routes;
    const { process } = end.other;
    if (!end.other.isOpen || !process.isAlive) return;
    if (!message) return this.#close(end.other, event);
    const [from, to] = [end.process.device.id, process.device.id];
    record.note(to, { type: 'receive', from, message: message.type, bytes, at: clock.now });
    if ('payload' in message)
      clock.at(clock.now + network.latency(to, from), () => this.#acknowledge(end, message));
    return give(process, event);
  }

  /** The sender hears that its message has come. */
  #acknowledge(end: LinkEnd, message: Message): void | Promise<void> {
    if (!end.isOpen) return;
    if (end.link.silentSince === undefined)
      return this.#routes.give(end.process, { type: 'sent', message });
    end.stalled.push(() => this.#acknowledge(end, message));
  }

  /** A process has come to its end: its links do, behind what it has sent. */
  end(process: Process): void {
    for (const end of process.links.values()) this.#leave(end, 'it left', Infinity);
  }

  /** A process was killed: what had not left is lost, and so is what was on its way to it. */
  crash(process: Process): void {
    for (const end of process.links.values()) {
      end.other.flights.length = 0;
      this.#leave(end, 'the connection was closed', this.#routes.clock.now);
    }
  }

  #leave(end: LinkEnd, reason: string, leftBy: number): void {
    if (end.link.isBroken) return;
    end.isOpen = false;
    end.background.length = 0;
    const { now } = this.#routes.clock;
    while ((end.flights.at(-1)?.left ?? 0) > leftBy) end.flights.pop();
    const left = Math.max(now, end.flights.at(-1)?.left ?? 0);
    this.#fly(end, {
      event: { type: 'unlinked', node: end.other.peer, reason },
      bytes: 0,
      left,
    });
  }

  /** A process is told that a link has ended. */
  #close(end: LinkEnd, event: Event): void | Promise<void> {
    end.isOpen = false;
    end.link.isBroken = true;
    this.#all.delete(end.link);
    if (end.process.links.get(end.peer) === end) end.process.links.delete(end.peer);
    return this.#routes.give(end.process, event);
  }

  /** Something has changed: what gets through now, and what no more. */
  refresh(): void {
    for (const link of this.#all) this.#listen(link);
  }

  #listen(link: Link): void {
    const { clock, isBlocked } = this.#routes;
    const [a, b] = link.ends;
    const isSilent = isBlocked(a.process.device, b.process.device);
    if (isSilent === (link.silentSince !== undefined)) return;
    link.silentSince = isSilent ? clock.now : undefined;
    if (isSilent) {
      const since = clock.now;
      clock.at(since + patienceSeconds, () => {
        if (link.silentSince === since) this.#break(link);
      });
      return;
    }
    // What could not get through is sent again.
    for (const end of link.ends) {
      const { stalled } = end;
      end.stalled = [];
      const [from, to] = [end.process.device.id, end.other.process.device.id];
      const arrival = clock.now + this.#routes.network.latency(from, to);
      end.lastArrival = Math.max(end.lastArrival, arrival);
      for (const action of stalled) clock.at(arrival, action);
    }
  }

  /** Nothing was heard for too long. Who stands still reads what had come before it learns of it. */
  #break(link: Link): void {
    const { clock } = this.#routes;
    link.isBroken = true;
    this.#all.delete(link);
    for (const end of link.ends) {
      if (!end.isOpen || !end.process.isAlive) continue;
      const { device } = end.process;
      const event: Event = { type: 'unlinked', node: end.peer, reason: 'nothing was heard of it' };
      if (!device.isPaused) end.other.flights.length = 0;
      const arrived = end.other.flights.splice(0).filter(({ message }) => message);
      const tell = async (): Promise<void> => {
        for (const flight of arrived) await this.#routes.give(end.process, flight.event);
        await this.#close(end, event);
      };
      if (device.isPaused) device.waiting.push(tell);
      else clock.at(clock.now, tell);
    }
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
