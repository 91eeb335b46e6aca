// Links between processes as the transport promises them: what is sent arrives once and in order, over
// a connection that breaks as well, unless nothing has been heard for longer than anyone waits. Then
// both sides are told that the link has ended, and what was on its way is lost.

import type { Effect, Event, NodeId } from '../node.ts';
import type { RunningNode } from './device.ts';
import { Link, LinkEnd } from './link.ts';
import { Traffic } from './traffic.ts';
import type { TrafficRoutes } from './traffic.ts';

/** How long one side waits for a silent other one: heartbeats of the transport and its grace. */
export const patienceSeconds = 10;

/** What carries messages between processes. */
export interface LinkLayer {
  /** Opens a link: `a` dialled, and calls the other `nameOfB`. Each side is told when it knows. */
  open(a: RunningNode, nameOfB: NodeId, b: RunningNode, nameOfA: NodeId): void;
  send(running: RunningNode, effect: Extract<Effect, { type: 'send' }>): void;
  /** A process has come to its end: its links do, behind what it has sent. */
  end(running: RunningNode): void;
  /** A process was killed: what had not left is lost, and so is what was on its way to it. */
  crash(running: RunningNode): void;
  /** Something has changed: what gets through now, and what no more. */
  refresh(): void;
  /** Connections between devices break, if there are any. */
  cut?(concerns: (a: NodeId, b: NodeId) => boolean): void;
  /** The next so many segments on them come twice. */
  duplicate?(concerns: (a: NodeId, b: NodeId) => boolean, segments: number): void;
}

export class Links implements LinkLayer {
  readonly #routes: TrafficRoutes;
  readonly #traffic: Traffic;
  readonly #all = new Set<Link>();

  constructor(routes: TrafficRoutes) {
    this.#routes = routes;
    this.#traffic = new Traffic(routes, (end, event) => this.#close(end, event));
  }

  open(a: RunningNode, nameOfB: NodeId, b: RunningNode, nameOfA: NodeId): void {
    const { clock, network, give } = this.#routes;
    const link = new Link();
    link.ends = [new LinkEnd(a, nameOfB, link), new LinkEnd(b, nameOfA, link)];
    link.ends[0].other = link.ends[1];
    link.ends[1].other = link.ends[0];
    for (const end of link.ends) end.running.links.set(end.peer, end);
    this.#all.add(link);
    const latency = network.latency(a.device.id, b.device.id);
    clock.at(clock.now + 2 * latency, () => give(a, { type: 'linked', node: nameOfB }));
    clock.at(clock.now + latency, () => give(b, { type: 'linked', node: nameOfA }));
    this.#listen(link);
  }

  send(running: RunningNode, effect: Extract<Effect, { type: 'send' }>): void {
    this.#traffic.send(running, effect);
  }

  end(running: RunningNode): void {
    for (const end of running.links.values()) this.#leave(end, 'it left', Infinity);
  }

  crash(running: RunningNode): void {
    for (const end of running.links.values()) {
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
    this.#traffic.fly(end, {
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
    if (end.running.links.get(end.peer) === end) end.running.links.delete(end.peer);
    return this.#routes.give(end.running, event);
  }

  refresh(): void {
    for (const link of this.#all) this.#listen(link);
  }

  #listen(link: Link): void {
    const { clock, weather } = this.#routes;
    const [a, b] = link.ends;
    const isSilent = weather.isBlocked(a.running.device, b.running.device);
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
      const [from, to] = [end.running.device.id, end.other.running.device.id];
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
      if (!end.isOpen || !end.running.isAlive) continue;
      const { device } = end.running;
      const event: Event = { type: 'unlinked', node: end.peer, reason: 'nothing was heard of it' };
      if (!device.isPaused) end.other.flights.length = 0;
      const arrived = end.other.flights.splice(0).filter(({ message }) => message);
      const tell = async (): Promise<void> => {
        for (const flight of arrived) await this.#routes.give(end.running, flight.event);
        await this.#close(end, event);
      };
      if (device.isPaused) device.waiting.push(tell);
      else clock.at(clock.now, tell);
    }
  }
}
