// How nodes come into a simulated network, and how they find each other: a worker knocks at the
// master's door, is given a name, and is dialled by its neighbour under that name.

import type { Effect, Event, NodeId } from '../node.ts';
import type { VirtualClock } from './clock.ts';
import { RunningNode } from './device.ts';
import type { Device } from './device.ts';
import { patienceSeconds } from './links.ts';
import type { LinkLayer } from './links.ts';
import type { SimulatedProcess } from './simulation.ts';
import type { Weather } from './weather.ts';

/** A worker whose master is gone knocks again every second, for so long. */
const knockEverySeconds = 1;
const knockForSeconds = 60;

/** How often a neighbour that is out of reach is dialled, in seconds. */
const dialEverySeconds = 0.25;

export interface ArrivalRoutes {
  readonly clock: VirtualClock;
  readonly links: LinkLayer;
  readonly weather: Weather;
  /** The master first. */
  readonly devices: ReadonlyMap<NodeId, Device>;
  /** Tells a node of an event of its own device. */
  readonly tell: (running: RunningNode, event: Event) => void | Promise<void>;
}

export class Arrivals {
  readonly #routes: ArrivalRoutes;

  constructor(routes: ArrivalRoutes) {
    this.#routes = routes;
  }

  get #master(): Device {
    return this.#routes.devices.values().next().value!;
  }

  begin(device: Device, { node, executor }: SimulatedProcess): void {
    const { clock, links, tell } = this.#routes;
    const door = this.#master;
    device.isComingBack = false;
    const running = new RunningNode(device, node, executor);
    device.running = running;
    if (device === door) return clock.at(clock.now, () => tell(running, { type: 'start' }));
    const master = door.running!;
    const name = nameFor(device.id, master.guests);
    master.guests.set(name, running);
    running.master = master;
    return links.open(running, door.id, master, name);
  }

  /** Starts a device again: the master at once, a worker when it finds the master, which it seeks for a while. */
  seek(device: Device): void {
    const { clock } = this.#routes;
    const until = clock.now + knockForSeconds;
    device.isComingBack = true;
    clock.at(clock.now + knockEverySeconds, () => this.#knock(device, until));
  }

  #knock(device: Device, until: number): void | Promise<void> {
    const { clock, weather } = this.#routes;
    if (device.running?.isAlive || device.isOff || !device.isComingBack) return;
    const master = this.#master;
    if (clock.now > until) {
      device.isComingBack = false;
      return;
    }
    const isOpen = master.running?.isAlive && !weather.isBlocked(device, master);
    if (device === master || isOpen) return this.#beginAgain(device);
    clock.at(clock.now + knockEverySeconds, () => this.#knock(device, until));
  }

  async #beginAgain(device: Device): Promise<void> {
    const others = [...this.#routes.devices.values()].filter(
      (other) => other !== device && (other.running?.isAlive || other.isComingBack),
    );
    this.begin(device, await device.of.again!(device.disk, others.length));
  }

  /** A node's way to a neighbour, by the name that their master gave it. */
  dial(running: RunningNode, effect: Extract<Effect, { type: 'connect' }>): void {
    const { clock } = this.#routes;
    this.#dial(running, effect, clock.now + patienceSeconds);
  }

  #dial(running: RunningNode, effect: Extract<Effect, { type: 'connect' }>, until: number): void {
    const { clock, links, weather, tell } = this.#routes;
    if (!running.isAlive) return;
    const { node, self } = effect;
    const other = running.master?.guests.get(node);
    const isThere = other?.isAlive === true;
    if (isThere && !weather.isBlocked(running.device, other.device))
      return links.open(running, node, other, self);
    const reason = 'it cannot be reached';
    if (isThere && clock.now < until)
      clock.at(clock.now + dialEverySeconds, () => this.#dial(running, effect, until));
    else clock.at(clock.now, () => tell(running, { type: 'unlinked', node, reason }));
  }
}

/** Its own name, unless the master has given that before: then the first that is free. */
function nameFor(id: NodeId, given: ReadonlyMap<NodeId, unknown>): NodeId {
  if (!given.has(id)) return id;
  let number = given.size + 1;
  while (given.has(`worker-${number}`)) number += 1;
  return `worker-${number}`;
}
