// What takes bytes from others, each under fire: it may take an input or refuse it with a RingError, and
// nothing else. An input that does anything else is thrown on.

import { RingError } from '../../src/errors.ts';
import type { Event, Message, Node, NodeId } from '../../src/node.ts';
import { decodeMessage } from '../../src/protocol/codec.ts';
import { messageKinds } from '../../src/protocol/messages.ts';
import { encodeHello, encodeTrailer } from '../../src/protocol/segment.ts';
import { Session } from '../../src/protocol/session.ts';
import { FrameAssembler } from '../../src/transport/assembler.ts';
import { openDoor } from '../../src/transport/door.ts';
import { MemoryTransport } from '../../src/transport/memory.ts';
import { SessionHost } from '../../src/transport/session.ts';
import type { Link } from '../../src/ports.ts';
import { costedDevices } from '../ring/costed-ring.ts';
import { below, damageBytes, oneOf, randomBytes } from './chance.ts';
import type { Chance } from './chance.ts';
import { damageFrame, frameOf, recordedEvents, ring } from './frames.ts';

export interface Tally {
  inputs: number;
  taken: number;
  refused: number;
}

export const newTally = (): Tally => ({ inputs: 0, taken: 0, refused: 0 });

/** Tries one input; anything but a RingError goes on to the caller. */
function attempt(tally: Tally, act: () => void): boolean {
  tally.inputs += 1;
  try {
    act();
    tally.taken += 1;
    return true;
  } catch (error) {
    if (!(error instanceof RingError) || error.message.length === 0) throw error;
    tally.refused += 1;
    return false;
  }
}

const secret = 'a secret';
const patient = { timeoutMilliseconds: 60_000 };

type MessageEvent = Extract<Event, { type: 'message' }>;

export class WireTargets {
  readonly #chance: Chance;
  readonly #events: ReadonlyMap<NodeId, readonly Event[]>;
  readonly #frames: readonly Uint8Array[];

  constructor(chance: Chance, events: ReadonlyMap<NodeId, readonly Event[]>) {
    this.#chance = chance;
    this.#events = events;
    const kinds = new Map<string, Uint8Array[]>();
    for (const event of [...events.values()].flat())
      if (event.type === 'message') {
        const { type } = event.message;
        const known = kinds.get(type) ?? [];
        if (known.length < 20)
          kinds.set(type, [...known, frameOf(event.generation, event.message)]);
      }
    this.#frames = [...kinds.values()].flat();
  }

  static async of(chance: Chance): Promise<WireTargets> {
    return new WireTargets(chance, await recordedEvents());
  }

  /** Frames, random and damaged. What is read of one are views into it. */
  frame(tally: Tally): void {
    const chance = this.#chance;
    const input =
      chance() < 0.05
        ? randomBytes(chance, below(chance, 200))
        : damageFrame(chance, oneOf(chance, this.#frames));
    attempt(tally, () => {
      const { message } = decodeMessage(input);
      const { type, payload, ...fields } = { payload: undefined, ...message };
      if (!messageKinds[type].fields.safeParse(fields).success)
        throw new Error(`a message "${type}" that its schema does not allow`);
      for (const { bytes } of payload?.tensors ?? [])
        if (bytes.buffer !== input.buffer) throw new Error('a tensor was copied');
    });
  }

  /** A length and what follows it, in pieces of any size, as they come from a socket. */
  stream(tally: Tally): void {
    const chance = this.#chance;
    const assembler = new FrameAssembler();
    const limit = oneOf(chance, [1024, 1 << 30]);
    attempt(tally, () => {
      for (let chunks = 1 + below(chance, 4); chunks > 0; chunks -= 1) {
        const chunk = randomBytes(chance, below(chance, 64));
        if (chance() < 0.7 && chunk.length > 4) chunk.set([below(chance, 40), 0, 0, 0]);
        assembler.push(chunk);
        for (;;) {
          const length = assembler.frameLength;
          if (length === undefined) break;
          if (length > limit) throw new RingError('PROTOCOL', 'too large, as the link says');
          const frame = assembler.take(length);
          if (frame === undefined) break;
          if (frame.length !== length) throw new Error('a frame of another length');
          assembler.release(frame);
        }
        assembler.detach();
      }
    });
  }

  /** A few segments in a row on one session, the first ones as they should be. */
  segments(tally: Tally, count: number): void {
    const chance = this.#chance;
    const limit = oneOf(chance, [4096, 1 << 30]);
    let refusal: Error | undefined;
    let number = 0;
    const ports = {
      transmit: () => undefined,
      deliver(frame: Uint8Array): void {
        if (frame.length > limit) throw new Error('a frame above the limit');
      },
      dial: () => undefined,
      doubt: () => undefined,
      ended: (error?: Error) => void (refusal = error),
    };
    let session = new Session(ports, chance() < 0.5, limit);
    for (let k = 0; k < count; k += 1) {
      const body = randomBytes(chance, below(chance, 40));
      const kind = oneOf(chance, ['frame', 'piece', 'piece', 'sign'] as const);
      const left = kind === 'piece' ? oneOf(chance, [0, 0, 10, 3000, 1 << 29, 0xffffffff]) : 0;
      if (kind !== 'sign') number += 1;
      const trailer = encodeTrailer({
        kind,
        number: chance() < 0.9 ? number : below(chance, 2 ** 40),
        acknowledged: chance() < 0.9 ? 0 : below(chance, 2 ** 40),
        left,
      });
      const whole = new Uint8Array([...(kind === 'sign' ? [] : body), ...trailer]);
      const input = chance() < 0.3 ? damageBytes(chance, whole) : whole;
      attempt(tally, () => {
        session.arrived(input);
        if (chance() < 0.1)
          session.send([body], () => undefined, oneOf(chance, [undefined, 'background']));
        if (refusal) throw refusal;
      });
      if (!session.hasEnded) continue;
      [session, refusal, number] = [new Session(ports, chance() < 0.5, limit), undefined, 0];
    }
  }

  /** A stranger at the door; or a guest that knows the secret, at the sessions behind it. */
  async door(tally: Tally): Promise<void> {
    const isStranger = this.#chance() < 0.5;
    const transport = new MemoryTransport();
    const hosts: Link[] = [];
    const listener = await transport.listen('door:1', (link) => hosts.push(link));
    const guest = await transport.connect(listener.address);
    const [host] = hosts as [Link];
    const noTime = () => () => undefined;
    const accepted: Link[] = [];
    const sessions = new SessionHost((link) => accepted.push(link), noTime);
    tally.inputs += 1;
    (isStranger ? this.#force(guest) : this.#visit(guest)).catch(() => undefined);
    try {
      await openDoor(host, secret, 'host', patient);
      if (isStranger) throw new Error('a stranger was admitted');
      await sessions.admit(host);
      tally.taken += 1;
    } catch (error) {
      if (!(error instanceof RingError)) throw error;
      tally.refused += 1;
    }
    for (const link of accepted) {
      link.onFrame(() => undefined);
      link.abort();
    }
    guest.abort();
    host.abort();
  }

  /** Says what a guest would, but does not know the secret; most of it comes damaged. */
  #force(guest: Link): Promise<void> {
    const send = guest.send.bind(guest);
    guest.send = (parts) =>
      send(parts.map((part) => (this.#chance() < 0.7 ? damageBytes(this.#chance, part) : part)));
    return openDoor(guest, 'another secret', 'guest', patient);
  }

  /** Passes the door, and says something like a hello and segments. */
  async #visit(guest: Link): Promise<void> {
    const chance = this.#chance;
    await openDoor(guest, secret, 'guest', patient);
    const kind = oneOf(chance, ['open', 'resume', 'unknown'] as const);
    const received = below(chance, 5);
    const hello = encodeHello({ kind, received, id: randomBytes(chance, 16) });
    await guest.send([chance() < 0.8 ? damageBytes(chance, hello) : hello]);
    for (let k = below(chance, 3); k > 0; k -= 1)
      await guest.send([randomBytes(chance, below(chance, 60))]);
    await guest.close();
  }

  /** Messages that are as their schema wants them, but not what is due, to a node in the midst of a run. */
  node(tally: Tally, count: number): void {
    const chance = this.#chance;
    const [id, events] = oneOf(chance, [...this.#events]);
    const node: Node = costedDevices(ring).get(id)!.node;
    const upTo = below(chance, events.length);
    for (const event of events.slice(0, upTo)) node.receive(event);
    const senders = [...this.#events.keys(), 'stranger'];
    for (let k = 0; k < count; k += 1) {
      const event = this.#undueMessage(tally, senders, events);
      if (event === undefined) continue;
      const effects = node.receive(event);
      const isOver = effects.some(({ type }) => type === 'end');
      tally[isOver ? 'refused' : 'taken'] += 1;
      if (isOver) return;
    }
  }

  #undueMessage(
    tally: Tally,
    senders: readonly NodeId[],
    events: readonly Event[],
  ): MessageEvent | undefined {
    const chance = this.#chance;
    const messages = events.filter((event): event is MessageEvent => event.type === 'message');
    const due = oneOf(chance, messages);
    const from = chance() < 0.7 ? due.from : oneOf(chance, senders);
    tally.inputs += 1;
    try {
      const frame =
        chance() < 0.5 ? oneOf(chance, this.#frames) : frameOf(due.generation, due.message);
      const { generation, message } = decodeMessage(
        chance() < 0.3 ? frame : damageFrame(chance, frame),
      );
      return { type: 'message', from, generation, message: message as Message };
    } catch (error) {
      if (!(error instanceof RingError)) throw error;
      tally.refused += 1;
      return undefined;
    }
  }
}
