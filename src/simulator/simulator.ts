// Runs nodes over a virtual clock and virtual links: the same state machines as on real devices, in
// one deterministic order. Time passes only as the costs say; what is computed may be real (an engine
// behind the executor) or nothing at all. After discrete-event simulators such as ns-3, cut down to
// the two things a ring has: devices that compute one work at a time, links that send one message at a time.

import type { Effect, Event, Message, NodeId, Payload, Report, Work } from '../node.ts';
import type { Entry } from '../meter/timeline.ts';
import { describeWork } from '../meter/works.ts';
import { EventQueue } from './event-queue.ts';
import type {
  Simulation,
  SimulatedDevice,
  SimulationOptions,
  Span,
  Transmission,
} from './simulation.ts';

export type {
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

class Simulator {
  readonly #options: SimulationOptions;
  readonly #queue = new EventQueue();
  /** Who has a link to whom. */
  readonly #linked = new Map<NodeId, Set<NodeId>>();
  readonly #linkFree = new Map<string, number>();
  /** When each device has done all that it was given. */
  readonly #deviceFree = new Map<NodeId, number>();
  readonly #spans: Span[] = [];
  readonly #transmissions: Transmission[] = [];
  readonly #timelines = new Map<NodeId, Entry[]>();
  /** The works that are being computed, by node, in order. */
  readonly #computing = new Map<NodeId, Span[]>();
  readonly #reports: Report[] = [];
  readonly #ends = new Map<NodeId, Extract<Effect, { type: 'end' }>>();
  readonly #store: Map<number, Payload>;
  #now = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#store = new Map(options.store);
  }

  async run(): Promise<Simulation> {
    const [master, ...workers] = this.#options.devices.keys();
    this.#queue.add(0, master!, { type: 'start' });
    for (const worker of workers) {
      this.#link(worker, master!);
      this.#queue.add(0, worker, { type: 'linked', node: master! });
    }
    for (const { seconds, node, event } of this.#options.at ?? [])
      this.#queue.add(seconds, node, event);
    for (;;) {
      const next = this.#queue.take();
      if (!next) break;
      if (this.#ends.has(next.node)) continue;
      this.#now = next.seconds;
      const device = this.#options.devices.get(next.node)!;
      this.#happened(next.node, next.event);
      for (const effect of device.node.receive(next.event))
        await this.#carryOut(next.node, device, effect);
    }
    return {
      seconds: this.#now,
      spans: this.#spans,
      transmissions: this.#transmissions,
      timelines: this.#timelines,
      reports: this.#reports,
      ends: this.#ends,
      store: this.#store,
    };
  }

  async #carryOut(id: NodeId, device: SimulatedDevice, effect: Effect): Promise<void> {
    switch (effect.type) {
      case 'compute':
        return this.#compute(id, device, effect.work);
      case 'send':
        return this.#send(id, effect);
      case 'connect': {
        const { latencySeconds } = this.#options.link(id, effect.node);
        this.#link(id, effect.node);
        this.#queue.add(this.#now + 2 * latencySeconds, id, { type: 'linked', node: effect.node });
        return this.#queue.add(this.#now + latencySeconds, effect.node, {
          type: 'linked',
          node: id,
        });
      }
      case 'store':
        if (effect.layer !== undefined) this.#store.set(effect.layer, effect.payload!);
        return this.#queue.add(this.#now, id, { type: 'stored' });
      case 'fetch': {
        const payload = this.#store.get(effect.layer)!;
        return this.#queue.add(this.#now, id, { type: 'fetched', layer: effect.layer, payload });
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
      const { latencySeconds } = this.#options.link(node, other);
      const left = Math.max(this.#now, this.#linkFree.get(`${node}>${other}`) ?? 0);
      this.#queue.add(left + latencySeconds, other, { type: 'unlinked', node, reason: 'it left' });
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
    this.#queue.add(end, id, { type: 'computed', work, result });
  }

  #send(from: NodeId, { to, generation, message }: Extract<Effect, { type: 'send' }>): void {
    const { latencySeconds, bytesPerSecond } = this.#options.link(from, to);
    const direction = `${from}>${to}`;
    const start = Math.max(this.#now, this.#linkFree.get(direction) ?? 0);
    const bytes = bytesOf(message);
    const end = start + bytes / bytesPerSecond;
    this.#linkFree.set(direction, end);
    this.#transmissions.push({ from, to, message, start, end });
    this.#note(from, { type: 'send', to, message: message.type, bytes, start, end });
    const arrival: Event = { type: 'message', from, generation, message };
    if ('payload' in message) this.#queue.add(end, from, { type: 'sent', message });
    this.#queue.add(end + latencySeconds, to, arrival);
  }
}
