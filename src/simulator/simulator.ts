// Runs nodes over a virtual clock and virtual links: the same state machines as on real devices, in
// one deterministic order. Time passes only as the costs say; what is computed may be real (an engine
// behind the executor) or nothing at all. What goes wrong is said by a script. After discrete-event
// simulators such as ns-3, cut down to what a ring has: devices that compute one work at a time, links
// that send one message at a time.

import type { Effect, Event, NodeId, Report, Work, WorkResult } from '../node.ts';
import { describeWork } from '../meter/works.ts';
import { Arrivals } from './arrivals.ts';
import { VirtualClock } from './clock.ts';
import { Device } from './device.ts';
import type { End, RunningNode } from './device.ts';
import { Disk } from './disk.ts';
import type { DiskEffect } from './disk.ts';
import { Triggers } from './faults.ts';
import { Injection } from './injection.ts';
import { Links } from './links.ts';
import type { LinkLayer } from './links.ts';
import { Network } from './network.ts';
import { Record } from './record.ts';
import { SessionLinks } from './session-links.ts';
import type { Simulation, SimulationOptions } from './simulation.ts';
import { Weather } from './weather.ts';

export type {
  Access,
  LinkCost,
  SimulatedDevice,
  SimulatedExecutor,
  SimulatedProcess,
  Simulation,
  SimulationOptions,
  Span,
  Transmission,
} from './simulation.ts';

const unbounded = { seconds: Infinity, actions: Infinity };

export async function simulate(options: SimulationOptions): Promise<Simulation> {
  const simulator = new Simulator(options);
  return simulator.run();
}

class Simulator {
  readonly #options: SimulationOptions;
  readonly #clock = new VirtualClock();
  readonly #record: Record;
  readonly #links: LinkLayer;
  readonly #arrivals: Arrivals;
  readonly #injection: Injection;
  readonly #triggers: Triggers;
  readonly #devices = new Map<NodeId, Device>();
  readonly #reports: Report[] = [];
  readonly #ends = new Map<NodeId, End>();
  /** When a node was last told of something. */
  #lastEvent = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#record = new Record(options.record ?? 'all');
    for (const [id, device] of options.devices)
      this.#devices.set(id, new Device(id, device, device.disk ?? new Disk()));
    const clock = this.#clock;
    const devices = this.#devices;
    const weather = new Weather();
    const give = (running: RunningNode, event: Event) => this.#give(running, event);
    const tell = (running: RunningNode, event: Event) => this.#local(running, () => event);
    const network = new Network(
      (from, to) => weather.slowed(options.link(from, to), from, to),
      options.access,
    );
    const routes = { clock, network, weather, record: this.#record, give };
    const links = options.sessions ? new SessionLinks(routes) : new Links(routes);
    this.#links = links;
    this.#arrivals = new Arrivals({ clock, links, weather, devices, tell });
    const arrivals = this.#arrivals;
    const { watch } = options;
    this.#injection = new Injection({ clock, links, weather, arrivals, devices, tell, watch });
    this.#triggers = new Triggers(options.faults ?? [], (fault) => this.#injection.inject(fault));
  }

  async run(): Promise<Simulation> {
    const { store, at = [], every = [], faults = [], bounds = unbounded } = this.#options;
    if (store) this.#master.disk.checkpoint = { step: 0, layers: store };
    for (const device of this.#devices.values())
      if (!device.of.isLate) this.#arrivals.begin(device, device.of);
    for (const { seconds, node, event } of at)
      this.#clock.at(seconds, () => this.#tell(this.#devices.get(node)!, event));
    for (const each of every) this.#repeat(each);
    for (const { when, fault } of faults)
      if (typeof when === 'number') this.#clock.at(when, () => this.#injection.inject(fault));
    const cameToRest = await this.#clock.run(bounds);
    return {
      seconds: this.#lastEvent,
      spans: this.#record.spans,
      transmissions: this.#record.transmissions,
      timelines: this.#record.timelines,
      reports: this.#reports,
      ends: this.#ends,
      store: this.#master.disk.checkpoint?.layers ?? new Map(),
      disks: new Map([...this.#devices].map(([id, { disk }]) => [id, disk])),
      cameToRest,
    };
  }

  get #master(): Device {
    return this.#devices.values().next().value!;
  }

  #repeat({ seconds, node, event }: NonNullable<SimulationOptions['at']>[number]): void {
    this.#clock.at(this.#clock.now + seconds, () => {
      const device = this.#devices.get(node)!;
      if (device.running?.end) return;
      this.#repeat({ seconds, node, event });
      return this.#tell(device, event);
    });
  }

  /** An event of the device's own; who stands still hears of it later. */
  #tell(device: Device, event: Event): void | Promise<void> {
    if (device.running) return this.#local(device.running, () => event);
  }

  /** What happens on a device waits while its process stands still, and not for one that is gone. */
  #local(running: RunningNode, happen: () => Event | undefined): void | Promise<void> {
    if (!running.isAlive) return;
    if (!running.device.isPaused) {
      const event = happen();
      return event && this.#give(running, event);
    }
    running.device.waiting.push(() => this.#local(running, happen));
  }

  #later(running: RunningNode, seconds: number, happen: () => Event | undefined): void {
    this.#clock.at(this.#clock.now + seconds, () => this.#local(running, happen));
  }

  #give(running: RunningNode, event: Event): void | Promise<void> {
    this.#triggers.event();
    const { device } = running;
    if (!running.isAlive) return;
    if (device.isPaused) {
      device.waiting.push(() => this.#give(running, event));
      return;
    }
    this.#lastEvent = this.#clock.now;
    const effects = running.node.receive(event);
    this.#options.watch?.told?.(this.#clock.now, device.id, event, effects);
    return this.#carryOut(running, effects, 0);
  }

  /** Carries effects out in order; what is really computed is waited for. */
  #carryOut(running: RunningNode, effects: readonly Effect[], from: number): void | Promise<void> {
    for (let index = from; index < effects.length; index += 1) {
      const effect = effects[index]!;
      this.#triggers.effect(effect);
      if (effect.type !== 'compute') {
        this.#effect(running, effect);
        continue;
      }
      const result = running.executor.run(effect.work);
      if (!(result instanceof Promise)) this.#compute(running, effect.work, result);
      else
        return result.then((value) => {
          this.#compute(running, effect.work, value);
          return this.#carryOut(running, effects, index + 1);
        });
    }
  }

  #compute(running: RunningNode, work: Work, result: WorkResult): void {
    const { device } = running;
    const start = Math.max(this.#clock.now, device.engineFree);
    const end = start + device.of.seconds(work) * device.slowness;
    device.engineFree = end;
    this.#record.span({ node: device.id, work, start, end });
    this.#later(running, end - this.#clock.now, () => {
      if (this.#record.hasTimelines)
        this.#record.note(device.id, { type: 'compute', ...describeWork(work), start, end });
      return { type: 'computed', work, result: { ...result, seconds: end - start } };
    });
  }

  #effect(running: RunningNode, effect: Exclude<Effect, { type: 'compute' }>): void {
    const { device } = running;
    const at = this.#clock.now;
    switch (effect.type) {
      case 'send':
        return this.#links.send(running, effect);
      case 'connect':
        return this.#arrivals.dial(running, effect);
      case 'store':
      case 'fetch':
      case 'discard':
      case 'keep':
      case 'recall':
      case 'drop':
        return this.#disk(running, effect);
      case 'report':
        this.#reports.push(effect.report);
        return;
      case 'wait':
        return this.#record.note(device.id, { type: 'wait', cause: effect.cause, at });
      case 'committed':
        return this.#record.note(device.id, { type: 'commit', step: effect.step, at });
      case 'end':
        return this.#end(running, effect);
    }
  }

  #disk(running: RunningNode, effect: DiskEffect): void {
    const { device } = running;
    const { disk } = device;
    const bytes = ('payload' in effect && effect.payload?.bytes) || 0;
    const start = Math.max(this.#clock.now, device.diskFree);
    device.diskFree = start + (this.#options.diskSeconds?.(bytes) ?? 0);
    if (effect.type === 'keep') disk.unfinished.add(effect);
    this.#later(running, device.diskFree - this.#clock.now, () => disk.carryOut(effect));
  }

  #end(running: RunningNode, end: End): void {
    const { device } = running;
    running.isAlive = false;
    running.end = end;
    this.#ends.set(device.id, end);
    this.#links.end(running);
    const isLost = device !== this.#master && end.error?.code === 'NODE_LOST';
    if (isLost && device.of.again) this.#arrivals.seek(device);
  }
}
