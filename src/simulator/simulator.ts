// Runs nodes over a virtual clock and virtual links: the same state machines as on real devices, in
// one deterministic order. Time passes only as the costs say; what is computed may be real (an engine
// behind the executor) or nothing at all. After discrete-event simulators such as ns-3, cut down to
// what a ring has: devices that compute one work at a time, links that send one message at a time.

import type { Effect, Event, Message, NodeId, Report, Work } from '../node.ts';
import type { Entry } from '../meter/timeline.ts';
import { describeWork } from '../meter/works.ts';
import { Disk } from './disk.ts';
import { EventQueue } from './event-queue.ts';
import { Network } from './network.ts';
import type {
  Simulation,
  SimulatedDevice,
  SimulationOptions,
  Span,
  Transmission,
} from './simulation.ts';

export type {
  Access,
  LinkCost,
  SimulatedDevice,
  Simulation,
  SimulationOptions,
  Span,
  Transmission,
} from './simulation.ts';

/** Bytes of a message besides its payload. */
const frameBytes = 96;

const bytesOf = (message: Message): number =>
  frameBytes + ('payload' in message ? message.payload.bytes : 0);

export async function simulate(options: SimulationOptions): Promise<Simulation> {
  const simulator = new Simulator(options);
  return simulator.run();
}

/** What happens next: a node is told of something, or something that has left is on its way to a node. */
type Happening =
  | { readonly node: NodeId; readonly event: Event }
  /** It has left its sender, and then has come as far as the node's downlink. */
  | { readonly leaving: NodeId; readonly to: NodeId; readonly bytes: number; readonly event: Event }
  | { readonly arriving: NodeId; readonly bytes: number; readonly event: Event };

class Simulator {
  readonly #options: SimulationOptions;
  readonly #queue = new EventQueue<Happening>();
  readonly #network: Network;
  /** Who has a link to whom. */
  readonly #linked = new Map<NodeId, Set<NodeId>>();
  /** When each device's own thread has turned all it was given into bytes, or back. */
  readonly #threadFree = new Map<NodeId, number>();
  /** When each device has done all that it was given. */
  readonly #deviceFree = new Map<NodeId, number>();
  readonly #spans: Span[] = [];
  readonly #transmissions: Transmission[] = [];
  readonly #timelines = new Map<NodeId, Entry[]>();
  /** The works that are being computed, by node, in order. */
  readonly #computing = new Map<NodeId, Span[]>();
  readonly #reports: Report[] = [];
  readonly #ends = new Map<NodeId, Extract<Effect, { type: 'end' }>>();
  readonly #disks = new Map<NodeId, Disk>();
  #now = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#network = new Network(options.link, options.access);
  }

  async run(): Promise<Simulation> {
    const [master, ...workers] = this.#options.devices.keys();
    this.#tell(0, master!, { type: 'start' });
    for (const worker of workers) {
      this.#link(worker, master!);
      this.#tell(0, worker, { type: 'linked', node: master! });
    }
    for (const { seconds, node, event } of this.#options.at ?? []) this.#tell(seconds, node, event);
    for (;;) {
      const next = this.#queue.take();
      if (!next) break;
      const { seconds, what } = next;
      if ('node' in what) await this.#take(seconds, what.node, what.event);
      else if ('leaving' in what) this.#leave(seconds, what);
      else this.#arrive(seconds, what);
    }
    return {
      seconds: this.#now,
      spans: this.#spans,
      transmissions: this.#transmissions,
      timelines: this.#timelines,
      reports: this.#reports,
      ends: this.#ends,
      store: this.#diskOf(master!).checkpoint,
    };
  }

  #tell(seconds: number, node: NodeId, event: Event): void {
    this.#queue.add(seconds, { node, event });
  }

  async #take(seconds: number, id: NodeId, event: Event): Promise<void> {
    if (this.#ends.has(id)) return;
    this.#now = seconds;
    const device = this.#options.devices.get(id)!;
    this.#happened(id, event);
    for (const effect of device.node.receive(event)) await this.#carryOut(id, device, effect);
  }

  async #carryOut(id: NodeId, device: SimulatedDevice, effect: Effect): Promise<void> {
    switch (effect.type) {
      case 'compute':
        return this.#compute(id, device, effect.work);
      case 'send':
        return this.#send(id, effect);
      case 'connect': {
        const latency = this.#network.latency(id, effect.node);
        this.#link(id, effect.node);
        this.#tell(this.#now + 2 * latency, id, { type: 'linked', node: effect.node });
        return this.#tell(this.#now + latency, effect.node, { type: 'linked', node: id });
      }
      case 'store':
      case 'fetch':
      case 'discard':
      case 'keep':
      case 'recall':
      case 'drop': {
        const event = this.#diskOf(id).carryOut(effect);
        return event && this.#tell(this.#now, id, event);
      }
      case 'report':
        this.#reports.push(effect.report);
        return undefined;
      case 'wait':
        return this.#note(id, { type: 'wait', cause: effect.cause, at: this.#now });
      case 'committed':
        return this.#note(id, { type: 'commit', step: effect.step, at: this.#now });
      case 'end':
        this.#ends.set(id, effect);
        return this.#unlink(id);
    }
  }

  #diskOf(id: NodeId): Disk {
    if (!this.#disks.has(id)) this.#disks.set(id, new Disk(this.#options.store));
    return this.#disks.get(id)!;
  }

  #note(node: NodeId, entry: Entry): void {
    const timeline = this.#timelines.get(node) ?? [];
    if (timeline.push(entry) === 1) this.#timelines.set(node, timeline);
  }

  /** Notes what an event says that has been: a work done, a message come. */
  #happened(node: NodeId, event: Event): void {
    if (event.type === 'computed') {
      const { work, start, end } = this.#computing.get(node)!.shift()!;
      this.#note(node, { type: 'compute', ...describeWork(work), start, end });
    } else if (event.type === 'message') {
      const { from, message } = event;
      const bytes = bytesOf(message);
      this.#note(node, { type: 'receive', from, message: message.type, bytes, at: this.#now });
    }
  }

  #link(a: NodeId, b: NodeId): void {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const)
      this.#linked.set(from, (this.#linked.get(from) ?? new Set()).add(to));
  }

  /** A node's links end with it, behind what it has sent. */
  #unlink(node: NodeId): void {
    for (const other of this.#linked.get(node) ?? []) {
      const left = this.#network.leftBy(this.#now, node, other);
      const event: Event = { type: 'unlinked', node, reason: 'it left' };
      this.#queue.add(left, { leaving: node, to: other, bytes: 0, event });
    }
  }

  async #compute(id: NodeId, device: SimulatedDevice, work: Work): Promise<void> {
    const result = await device.executor.run(work);
    const start = Math.max(this.#now, this.#deviceFree.get(id) ?? 0);
    const end = start + device.seconds(work);
    this.#deviceFree.set(id, end);
    const span = { node: id, work, start, end };
    this.#spans.push(span);
    this.#computing.set(id, [...(this.#computing.get(id) ?? []), span]);
    this.#tell(end, id, { type: 'computed', work, result });
  }

  #send(from: NodeId, { to, generation, message }: Extract<Effect, { type: 'send' }>): void {
    const bytes = bytesOf(message);
    const ready = this.#serialise(this.#now, from, bytes);
    const { start, end } = this.#network.send(ready, from, to, bytes);
    this.#transmissions.push({ from, to, message, start, end });
    this.#note(from, { type: 'send', to, message: message.type, bytes, start, end });
    if ('payload' in message) this.#tell(end, from, { type: 'sent', message });
    const event: Event = { type: 'message', from, generation, message };
    this.#queue.add(end, { leaving: from, to, bytes, event });
  }

  #leave(
    now: number,
    { leaving, to, bytes, event }: Extract<Happening, { leaving: NodeId }>,
  ): void {
    const through = this.#network.receive(now, to, bytes);
    const at = through + this.#network.latency(leaving, to);
    if (this.#options.devices.get(to)?.serialiseSeconds === undefined) this.#tell(at, to, event);
    else this.#queue.add(at, { arriving: to, bytes, event });
  }

  #arrive(now: number, { arriving, bytes, event }: Extract<Happening, { arriving: NodeId }>): void {
    this.#tell(bytes > 0 ? this.#serialise(now, arriving, bytes) : now, arriving, event);
  }

  /** When the device's own thread has a message ready that it was given at `now`. */
  #serialise(now: number, node: NodeId, bytes: number): number {
    const seconds = this.#options.devices.get(node)?.serialiseSeconds?.(bytes) ?? 0;
    if (seconds === 0) return now;
    const start = Math.max(now, this.#threadFree.get(node) ?? 0);
    this.#threadFree.set(node, start + seconds);
    this.#note(node, { type: 'serialise', seconds, at: start });
    return start + seconds;
  }
}
