// Links as they really come about: the sessions of the product (protocol/session.ts) over connections
// that break, stall, lose what was on its way and carry things twice. Messages are the bytes that they
// are on a wire. What links.ts promises is what these must keep.

import type { Effect, Event, NodeId } from '../node.ts';
import { decodeMessage, encodeMessage } from '../protocol/codec.ts';
import type { Message, TensorPayload } from '../protocol/messages.ts';
import { ticksPerSecond } from '../protocol/pulse.ts';
import { Session } from '../protocol/session.ts';
import { Connections, lost, Side } from './connections.ts';
import type { RunningNode } from './device.ts';
import type { LinkLayer } from './links.ts';
import type { TrafficRoutes } from './traffic.ts';

/** How long a session that is closed waits for what was sent to be acknowledged. */
const lingerSeconds = 2.5;
/** How often a dialling side looks whether the other can be reached. */
const lookSeconds = 0.1;
const maximumFrameBytes = 1 << 26;

export class SessionLinks implements LinkLayer {
  readonly #routes: TrafficRoutes;
  readonly #connections: Connections;
  readonly #sides = new Map<RunningNode, Map<NodeId, Side>>();

  constructor(routes: TrafficRoutes) {
    this.#routes = routes;
    this.#connections = new Connections(routes, (side, bytes) => this.#arrived(side, bytes));
  }

  open(a: RunningNode, nameOfB: NodeId, b: RunningNode, nameOfA: NodeId): void {
    const { clock } = this.#routes;
    const [dialler, host] = [new Side(a, nameOfB), new Side(b, nameOfA)];
    dialler.other = host;
    host.other = dialler;
    const latency = this.#connections.latency(dialler);
    if (this.#sidesOf(b).get(nameOfA)?.isOpen) {
      // There still is a link of that name: the host does not take another.
      const reason = 'it was closed';
      for (const event of [
        { type: 'linked', node: nameOfB },
        { type: 'unlinked', node: nameOfB, reason },
      ] as const)
        clock.at(clock.now + 2 * latency, () => this.#routes.give(a, event));
      return;
    }
    this.#connections.connect(dialler, host);
    for (const side of [dialler, host]) {
      side.session = this.#session(side, side === dialler);
      this.#sidesOf(side.running).set(side.peer, side);
      this.#tick(side);
    }
    clock.at(clock.now + 2 * latency, () => this.#push(dialler, { type: 'linked', node: nameOfB }));
    clock.at(clock.now + latency, () => this.#push(host, { type: 'linked', node: nameOfA }));
  }

  #sidesOf(running: RunningNode): Map<NodeId, Side> {
    const sides = this.#sides.get(running) ?? new Map<NodeId, Side>();
    this.#sides.set(running, sides);
    return sides;
  }

  #session(side: Side, dials: boolean): Session {
    const ports = {
      transmit: (parts: readonly Uint8Array[]) => this.#connections.send(side, joined(parts)),
      deliver: (frame: Uint8Array) => {
        const { generation, message } = decodeMessage(frame);
        this.#push(side, { type: 'message', from: side.peer, generation, message });
      },
      dial: () => this.#dial(side),
      doubt: (seconds: number) => {
        this.#connections.leave(side, 'reset');
        side.session.broken(lost(`nothing was heard for ${seconds} s`));
      },
      ended: (error?: Error) => {
        this.#connections.leave(side, error ? 'reset' : 'closed');
        if (!side.isOpen) return;
        const reason = error?.message ?? 'it left';
        this.#push(side, { type: 'unlinked', node: side.peer, reason });
      },
    };
    return new Session(ports, dials, maximumFrameBytes);
  }

  send(running: RunningNode, effect: Extract<Effect, { type: 'send' }>): void {
    const side = this.#sidesOf(running).get(effect.to);
    if (!side?.isOpen) return;
    const { generation, message, background } = effect;
    const parts = encodeMessage(generation, message as Message<TensorPayload>);
    const settle = (error?: Error): void => {
      if (!error && 'payload' in message) this.#push(side, { type: 'sent', message });
      if (side.isClosing) this.#later(() => this.#checkDrained(side));
    };
    side.session.send(parts, settle, background && 'background');
  }

  #arrived(side: Side, bytes: Uint8Array): void {
    const times = side.duplicates > 0 ? 2 : 1;
    side.duplicates = Math.max(0, side.duplicates - 1);
    for (let time = 0; time < times; time += 1) side.session.arrived(bytes.slice());
    this.#acknowledgeSoon(side);
  }

  /** Once for all that arrives at a time. */
  #acknowledgeSoon(side: Side): void {
    if (side.acknowledgesSoon || !side.session.owesAcknowledgement) return;
    side.acknowledgesSoon = true;
    this.#later(() => {
      side.acknowledgesSoon = false;
      side.session.acknowledge();
    });
  }

  #dial(side: Side): void {
    const { clock } = this.#routes;
    side.attempts += 1;
    const attempt = side.attempts;
    clock.at(clock.now + 2 * this.#connections.latency(side), () => this.#knock(side, attempt));
  }

  /** The other side answers an attempt to dial, once it can be reached. */
  #knock(side: Side, attempt: number): void {
    const { clock } = this.#routes;
    const { session, other } = side;
    if (attempt !== side.attempts || !side.isThere) return;
    if (this.#connections.isBlocked(side))
      return clock.at(clock.now + lookSeconds, () => this.#knock(side, attempt));
    if (!other.isThere) return session.end(lost('nobody is there'));
    if (!other.session.canResume(session.received)) return session.dialFailed();
    this.#connections.connect(side, other);
    const { connection } = side;
    const theirs = other.session.received;
    clock.at(clock.now + this.#connections.latency(side), () => {
      if (side.connection === connection) session.resumed(theirs);
    });
    return other.session.resumed(session.received);
  }

  #tick(side: Side): void {
    const { clock } = this.#routes;
    clock.at(clock.now + 1 / ticksPerSecond, () => {
      if (!side.isThere) return;
      if (!side.running.device.isPaused) side.session.tick(side.heardBytes);
      this.#tick(side);
    });
  }

  /** What a process is told, in order. */
  #push(side: Side, event: Event): void {
    side.inbox.push(event);
    this.#later(() => {
      const next = side.inbox.shift();
      if (!next || !side.isOpen) return;
      if (next.type === 'unlinked') {
        side.isOpen = false;
        const sides = this.#sidesOf(side.running);
        if (sides.get(side.peer) === side) sides.delete(side.peer);
      }
      return this.#routes.give(side.running, next);
    });
  }

  #later(action: () => void | Promise<void>): void {
    const { clock } = this.#routes;
    clock.at(clock.now, action);
  }

  end(running: RunningNode): void {
    const { clock } = this.#routes;
    for (const side of this.#sidesOf(running).values()) {
      side.isOpen = false;
      side.isClosing = true;
      this.#checkDrained(side);
      clock.at(clock.now + lingerSeconds, () => this.#finish(side));
    }
  }

  #checkDrained(side: Side): void {
    if (side.session.isIdle && side.session.isConnected) this.#finish(side);
  }

  #finish(side: Side): void {
    side.session.acknowledge();
    side.session.end(undefined, lost('the session is closed'));
  }

  crash(running: RunningNode): void {
    for (const side of this.#sidesOf(running).values()) {
      side.isOpen = side.isClosing = false;
      this.#connections.leave(side, 'reset', this.#routes.clock.now);
    }
    this.#sides.delete(running);
  }

  /** Connections between devices break: what is on their way is lost. */
  cut(concerns: (a: NodeId, b: NodeId) => boolean): void {
    this.#each(concerns, (side) => this.#connections.cut(side));
  }

  /** The next segments between devices come twice. */
  duplicate(concerns: (a: NodeId, b: NodeId) => boolean, segments: number): void {
    this.#each(concerns, (side) => {
      side.duplicates += segments;
    });
  }

  #each(concerns: (a: NodeId, b: NodeId) => boolean, act: (side: Side) => void): void {
    for (const sides of this.#sides.values())
      for (const side of sides.values())
        if (concerns(side.running.device.id, side.other.running.device.id)) act(side);
  }

  /** Something has changed: what was held up arrives. */
  refresh(): void {
    const everywhere = (): boolean => true;
    this.#each(everywhere, (side) => this.#connections.refresh(side));
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
