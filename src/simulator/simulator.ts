// Runs nodes over a virtual clock and virtual links: the same state machines as on real devices, in
// one deterministic order. Time passes only as the costs say; what is computed may be real (an engine
// behind the executor) or nothing at all. What goes wrong is said by a script. After discrete-event
// simulators such as ns-3, cut down to what a ring has: devices that compute one work at a time, links
// that send one message at a time.

import type { Effect, Event, NodeId, Report, Work, WorkResult } from '../node.ts';
import { describeWork } from '../meter/works.ts';
import { VirtualClock } from './clock.ts';
import { Device, Process } from './device.ts';
import type { End } from './device.ts';
import { Disk } from './disk.ts';
import { Triggers } from './faults.ts';
import type { Fault } from './faults.ts';
import { Links, patienceSeconds } from './links.ts';
import { Network } from './network.ts';
import { Record } from './record.ts';
import type { SimulatedProcess, Simulation, SimulationOptions } from './simulation.ts';
import { between, Weather } from './weather.ts';

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

/** A worker whose master is gone knocks again every second, for so long. */
const knockEverySeconds = 1;
const knockForSeconds = 60;

const unbounded = { seconds: Infinity, actions: Infinity };

export async function simulate(options: SimulationOptions): Promise<Simulation> {
  const simulator = new Simulator(options);
  return simulator.run();
}

class Simulator {
  readonly #options: SimulationOptions;
  readonly #clock = new VirtualClock();
  readonly #record: Record;
  readonly #weather = new Weather();
  readonly #links: Links;
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
      this.#devices.set(id, new Device(id, device, new Disk()));
    const weather = this.#weather;
    const link: SimulationOptions['link'] = (from, to) =>
      weather.slowed(options.link(from, to), from, to);
    this.#links = new Links({
      clock: this.#clock,
      network: new Network(link, options.access),
      record: this.#record,
      give: (process, event) => this.#give(process, event),
      isBlocked: (a, b) => weather.isBlocked(a, b),
      delay: (a, b) => weather.delay(a, b),
    });
    this.#triggers = new Triggers(options.faults ?? [], (fault) => this.#inject(fault));
  }

  async run(): Promise<Simulation> {
    const { store, at = [], every = [], faults = [], bounds = unbounded } = this.#options;
    if (store) this.#master.disk.checkpoint = { step: 0, layers: store };
    for (const device of this.#devices.values())
      if (!device.of.isLate) this.#begin(device, device.of);
    for (const { seconds, node, event } of at)
      this.#clock.at(seconds, () => this.#tell(this.#devices.get(node)!, event));
    for (const each of every) this.#repeat(each);
    for (const { when, fault } of faults)
      if (typeof when === 'number') this.#clock.at(when, () => this.#inject(fault));
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

  /** A process begins; a worker knocks at the master's door. */
  #begin(device: Device, { node, executor }: SimulatedProcess): void {
    const process = new Process(device, node, executor);
    device.process = process;
    this.#ends.delete(device.id);
    if (device === this.#master) {
      this.#clock.at(this.#clock.now, () => this.#give(process, { type: 'start' }));
      return;
    }
    const master = this.#master.process!;
    const name = nameFor(device.id, master.guests);
    master.guests.set(name, process);
    process.master = master;
    this.#links.open(process, this.#master.id, master, name);
  }

  async #beginAgain(device: Device): Promise<void> {
    if (device.process?.isAlive || device.isOff) return;
    this.#begin(device, await device.of.again!(device.disk));
  }

  /** A worker knocks until the master is there, but not for ever. */
  #knock(device: Device, until: number): void | Promise<void> {
    if (device.process?.isAlive || device.isOff || this.#clock.now > until) return;
    const isThere = this.#master.process?.isAlive;
    if (isThere && !this.#weather.isBlocked(device, this.#master)) return this.#beginAgain(device);
    this.#clock.at(this.#clock.now + knockEverySeconds, () => this.#knock(device, until));
  }

  #repeat({ seconds, node, event }: NonNullable<SimulationOptions['at']>[number]): void {
    this.#clock.at(this.#clock.now + seconds, () => {
      const device = this.#devices.get(node)!;
      if (device.process?.end) return;
      this.#repeat({ seconds, node, event });
      return this.#tell(device, event);
    });
  }

  /** An event of the device's own; who stands still hears of it later. */
  #tell(device: Device, event: Event): void | Promise<void> {
    if (device.process) return this.#local(device.process, () => event);
  }

  /** What happens on a device waits while its process stands still, and not for one that is gone. */
  #local(process: Process, happen: () => Event): void | Promise<void> {
    if (!process.isAlive) return;
    if (!process.device.isPaused) return this.#give(process, happen());
    process.device.waiting.push(() => this.#local(process, happen));
  }

  #later(process: Process, seconds: number, happen: () => Event): void {
    this.#clock.at(this.#clock.now + seconds, () => this.#local(process, happen));
  }

  #give(process: Process, event: Event): void | Promise<void> {
    this.#triggers.event();
    const { device } = process;
    if (!process.isAlive) return;
    if (device.isPaused) {
      device.waiting.push(() => this.#give(process, event));
      return;
    }
    this.#lastEvent = this.#clock.now;
    const effects = process.node.receive(event);
    this.#options.watch?.(this.#clock.now, device.id, event, effects);
    return this.#carryOut(process, effects, 0);
  }

  /** Carries effects out in order; what is really computed is waited for. */
  #carryOut(process: Process, effects: readonly Effect[], from: number): void | Promise<void> {
    for (let index = from; index < effects.length; index += 1) {
      const effect = effects[index]!;
      this.#triggers.effect(effect);
      if (effect.type !== 'compute') {
        this.#effect(process, effect);
        continue;
      }
      const result = process.executor.run(effect.work);
      if (!(result instanceof Promise)) this.#compute(process, effect.work, result);
      else
        return result.then((value) => {
          this.#compute(process, effect.work, value);
          return this.#carryOut(process, effects, index + 1);
        });
    }
  }

  #compute(process: Process, work: Work, result: WorkResult): void {
    const { device } = process;
    const start = Math.max(this.#clock.now, device.engineFree);
    const end = start + device.of.seconds(work) * device.slowness;
    device.engineFree = end;
    this.#record.span({ node: device.id, work, start, end });
    this.#later(process, end - this.#clock.now, () => {
      if (this.#record.hasTimelines)
        this.#record.note(device.id, { type: 'compute', ...describeWork(work), start, end });
      return { type: 'computed', work, result };
    });
  }

  #effect(process: Process, effect: Exclude<Effect, { type: 'compute' }>): void {
    const { device } = process;
    const { disk } = device;
    const { diskSeconds = () => 0 } = this.#options;
    switch (effect.type) {
      case 'send':
        return this.#links.send(process, effect);
      case 'connect':
        return this.#dial(process, effect, this.#clock.now + patienceSeconds);
      case 'store': {
        const { step, layer, payload } = effect;
        return this.#later(process, diskSeconds(payload?.bytes ?? 0), () => {
          disk.store(step, layer, payload);
          return { type: 'stored' };
        });
      }
      case 'fetch': {
        const { layer } = effect;
        const payload = disk.checkpoint!.layers.get(layer)!;
        return this.#later(process, 0, () => ({ type: 'fetched', layer, payload }));
      }
      case 'discard':
        return disk.discard();
      case 'keep': {
        const { step, layer, payload } = effect;
        return this.#later(process, diskSeconds(payload.bytes), () => {
          disk.keep(effect, payload);
          return { type: 'kept', step, layer };
        });
      }
      case 'recall': {
        const { step, layer } = effect;
        return this.#later(process, 0, () => {
          const payload = disk.recall(effect);
          return { type: 'recalled', step, layer, ...(payload && { payload }) };
        });
      }
      case 'drop':
        return disk.drop(effect.run, effect.before);
      case 'report':
        this.#reports.push(effect.report);
        return;
      case 'wait':
        return this.#record.note(device.id, {
          type: 'wait',
          cause: effect.cause,
          at: this.#clock.now,
        });
      case 'committed':
        return this.#record.note(device.id, {
          type: 'commit',
          step: effect.step,
          at: this.#clock.now,
        });
      case 'end':
        return this.#end(process, effect);
    }
  }

  /** A node's way to a neighbour, by the name that their master gave it. */
  #dial(process: Process, effect: Extract<Effect, { type: 'connect' }>, until: number): void {
    const { node, self } = effect;
    const other = process.master?.guests.get(node);
    if (!process.isAlive) return;
    if (!other?.isAlive)
      return this.#later(process, 0, () => ({
        type: 'unlinked',
        node,
        reason: 'it cannot be reached',
      }));
    if (!this.#weather.isBlocked(process.device, other.device))
      return this.#links.open(process, node, other, self);
    const { now } = this.#clock;
    if (now < until) this.#clock.at(now + 0.25, () => this.#dial(process, effect, until));
    else
      this.#later(process, 0, () => ({ type: 'unlinked', node, reason: 'it cannot be reached' }));
  }

  #end(process: Process, end: End): void {
    const { device } = process;
    process.isAlive = false;
    process.end = end;
    this.#ends.set(device.id, end);
    this.#links.end(process);
    if (device === this.#master || end.error?.code !== 'NODE_LOST' || !device.of.again) return;
    const { now } = this.#clock;
    const until = now + knockForSeconds;
    this.#clock.at(now + knockEverySeconds, () => this.#knock(device, until));
  }

  #inject(fault: Fault): void {
    const { now } = this.#clock;
    const device = 'device' in fault ? this.#devices.get(fault.device)! : undefined;
    switch (fault.kind) {
      case 'crash':
        return this.#crash(device!, fault);
      case 'start':
        device!.isOff = false;
        this.#links.refresh();
        return this.#clock.at(now, () => this.#knock(device!, now + knockForSeconds));
      case 'pause':
        return this.#pause(device!, fault.seconds);
      case 'slowDevice':
        device!.slowness *= fault.times;
        return this.#clock.at(now + fault.seconds, () => {
          device!.slowness /= fault.times;
        });
      case 'linkDown':
        return this.#disturb('blocked', 1, between(fault.between), fault.seconds);
      case 'partition': {
        const isIn = (id: NodeId): boolean => fault.devices.includes(id);
        return this.#disturb('blocked', 1, (a, b) => isIn(a) !== isIn(b), fault.seconds);
      }
      case 'slowLink':
        return this.#disturb('slow', fault.times, between(fault.between), fault.seconds);
      case 'delay':
        return this.#disturb('delayed', fault.longer, between(fault.between), fault.seconds);
      case 'event':
        return this.#clock.at(now, () => this.#tell(device!, fault.event));
    }
  }

  #disturb(
    kind: 'blocked' | 'slow' | 'delayed',
    amount: number,
    concerns: (a: NodeId, b: NodeId) => boolean,
    seconds: number,
  ): void {
    const end = this.#weather.begin({ kind, amount, concerns });
    this.#links.refresh();
    this.#clock.at(this.#clock.now + seconds, () => {
      end();
      this.#links.refresh();
    });
  }

  #crash(device: Device, { disk, silent }: Extract<Fault, { kind: 'crash' }>): void {
    const { process } = device;
    if (disk) device.disk.erase();
    device.disk.discard();
    device.isOff = silent ?? false;
    device.isPaused = false;
    device.waiting.length = 0;
    if (process?.isAlive) {
      process.isAlive = false;
      this.#links.crash(process);
    }
    device.engineFree = device.threadFree = this.#clock.now;
    this.#links.refresh();
  }

  #pause(device: Device, seconds: number): void {
    if (device.isPaused || !device.process?.isAlive) return;
    const { process } = device;
    device.isPaused = true;
    this.#links.refresh();
    this.#clock.at(this.#clock.now + seconds, async () => {
      if (!device.isPaused || device.process !== process) return;
      device.isPaused = false;
      this.#links.refresh();
      for (const action of device.waiting.splice(0)) await action();
    });
  }
}

/** Its own name, unless the master has given that before: then the first that is free. */
function nameFor(id: NodeId, given: ReadonlyMap<NodeId, unknown>): NodeId {
  if (!given.has(id)) return id;
  let number = given.size + 1;
  while (given.has(`worker-${number}`)) number += 1;
  return `worker-${number}`;
}
