// Carries out what a script of faults says, on devices and on what is between them.

import type { Event, NodeId } from '../node.ts';
import type { Arrivals } from './arrivals.ts';
import type { VirtualClock } from './clock.ts';
import type { Device, RunningNode } from './device.ts';
import type { Fault } from './faults.ts';
import type { LinkLayer } from './links.ts';
import type { Watch } from './simulation.ts';
import { between } from './weather.ts';
import type { Disturbance, Weather } from './weather.ts';

export interface InjectionRoutes {
  readonly clock: VirtualClock;
  readonly links: LinkLayer;
  readonly weather: Weather;
  readonly arrivals: Arrivals;
  readonly devices: ReadonlyMap<NodeId, Device>;
  readonly tell: (running: RunningNode, event: Event) => void | Promise<void>;
  readonly watch: Watch | undefined;
}

export class Injection {
  readonly #routes: InjectionRoutes;

  constructor(routes: InjectionRoutes) {
    this.#routes = routes;
  }

  inject(fault: Fault): void {
    this.#routes.watch?.injected?.(this.#routes.clock.now, fault);
    switch (fault.kind) {
      case 'crash':
        return this.#crash(this.#device(fault.device), fault);
      case 'start':
        return this.#start(this.#device(fault.device));
      case 'damage':
        return this.#device(fault.device).disk.damage();
      case 'pause':
        return this.#pause(this.#device(fault.device), fault.seconds);
      case 'slowDevice': {
        const device = this.#device(fault.device);
        device.slowness *= fault.times;
        return this.#after(fault.seconds, () => {
          device.slowness /= fault.times;
        });
      }
      case 'event': {
        const { running } = this.#device(fault.device);
        return running && this.#after(0, () => this.#routes.tell(running, fault.event));
      }
      case 'partition': {
        const isIn = (id: NodeId): boolean => fault.devices.includes(id);
        const concerns = (a: NodeId, b: NodeId): boolean => isIn(a) !== isIn(b);
        return this.#disturb({ kind: 'blocked', amount: 1, concerns }, fault.seconds);
      }
      case 'linkDown': {
        const concerns = between(fault.between);
        return this.#disturb({ kind: 'blocked', amount: 1, concerns }, fault.seconds);
      }
      case 'cut':
        return this.#routes.links.cut?.(between(fault.between));
      case 'duplicate':
        return this.#routes.links.duplicate?.(between(fault.between), fault.segments);
      case 'slowLink': {
        const concerns = between(fault.between);
        return this.#disturb({ kind: 'slow', amount: fault.times, concerns }, fault.seconds);
      }
      case 'delay': {
        const concerns = between(fault.between);
        return this.#disturb({ kind: 'delayed', amount: fault.longer, concerns }, fault.seconds);
      }
    }
  }

  #device(id: NodeId): Device {
    return this.#routes.devices.get(id)!;
  }

  #after(seconds: number, action: () => void | Promise<void>): void {
    const { clock } = this.#routes;
    clock.at(clock.now + seconds, action);
  }

  #disturb(disturbance: Disturbance, seconds: number): void {
    const { links, weather } = this.#routes;
    const end = weather.begin(disturbance);
    links.refresh();
    this.#after(seconds, () => {
      end();
      links.refresh();
    });
  }

  #start(device: Device): void {
    device.isOff = false;
    this.#routes.links.refresh();
    this.#routes.arrivals.seek(device);
  }

  #crash(device: Device, { disk, silent, back }: Extract<Fault, { kind: 'crash' }>): void {
    const { clock, links } = this.#routes;
    const { running } = device;
    if (!running?.isAlive) return;
    if (disk) device.disk.erase();
    device.disk.discard();
    device.isOff = silent ?? false;
    device.isPaused = false;
    device.waiting.length = 0;
    device.engineFree = device.threadFree = device.diskFree = clock.now;
    running.isAlive = false;
    links.crash(running);
    links.refresh();
    device.isComingBack = back !== undefined;
    if (back !== undefined) this.#after(back, () => this.#start(device));
  }

  #pause(device: Device, seconds: number): void {
    const { links } = this.#routes;
    const { running } = device;
    if (device.isPaused || !running?.isAlive) return;
    device.isPaused = true;
    links.refresh();
    this.#after(seconds, async () => {
      if (!device.isPaused || device.running !== running) return;
      device.isPaused = false;
      links.refresh();
      for (const action of device.waiting.splice(0)) await action();
    });
  }
}
