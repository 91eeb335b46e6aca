import { afterEach, describe, expect, test, vi } from 'vitest';

import type { Link, Transport } from '../ports.ts';
import { openDoor } from './door.ts';
import { makeSecret } from './invitation.ts';
import { complyWithLink } from './link.compliance.ts';
import { MemoryTransport } from './memory.ts';
import type { Ticker } from './ticker.ts';
import { openSession, SessionHost } from './session.ts';
import { TcpTransport } from './tcp.ts';

const secret = makeSecret();
const patient = { timeoutMilliseconds: 10_000 };

/** Time passes a little faster than it does. */
const faster: Ticker = (tick) => {
  const timer = setInterval(tick, 50);
  return () => clearInterval(timer);
};

/** Sessions behind a door, as a transport; `watch` is told of every connection under them. */
const sessionsOver = (
  transport: Transport,
  watch: (connection: Link) => void = () => undefined,
): Transport => ({
  listen(address, accept) {
    const host = new SessionHost(accept, faster);
    return transport.listen(address, (connection) => {
      openDoor(connection, secret, 'host', patient).then(
        () => host.admit(connection),
        () => undefined,
      );
    });
  },
  connect: (address) =>
    openSession(async () => {
      const connection = await transport.connect(address);
      await openDoor(connection, secret, 'guest', patient);
      watch(connection);
      return connection;
    }, faster),
});

const kill = (link: Link): void => link.abort();

complyWithLink('a session over memory', {
  create: () => sessionsOver(new MemoryTransport()),
  kill,
  isAdmitted: true,
});
complyWithLink('a session over TCP', {
  create: () => sessionsOver(new TcpTransport()),
  kill,
  isAdmitted: true,
});

describe('a session whose connections break', () => {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.close()));
  });

  async function pair(transport: Transport, connections: Link[] = []) {
    const sessions = sessionsOver(transport, (connection) => connections.push(connection));
    let accept: (link: Link) => void;
    const accepted = new Promise<Link>((resolve) => (accept = resolve));
    const listener = await sessions.listen('127.0.0.1:0', (link) => accept(link));
    const near = await sessions.connect(listener.address);
    const far = await accepted;
    open.push(listener, near, far);
    return { near, far, listener, connections };
  }

  const ending = (link: Link): Promise<Error | undefined> =>
    new Promise((resolve) => link.onClose(resolve));

  /** Frames that say their number all along. */
  const frame = (number: number, words: number): Uint8Array =>
    new Uint8Array(new Uint32Array(words).fill(number).buffer);

  test('in the middle of frames hands over each of them once and in order', async () => {
    const { near, far, connections } = await pair(new TcpTransport());
    const count = 40;
    const words = 1 << 18;
    const numbers: Record<'near' | 'far', number[]> = { near: [], far: [] };
    let cuts = 0;
    const take = (side: 'near' | 'far', bytes: Uint8Array): void => {
      const all = new Uint32Array(bytes.buffer, 0, words);
      expect(all.every((word) => word === all[0])).toBe(true);
      numbers[side].push(all[0]!);
    };
    near.onFrame((bytes) => take('near', bytes));
    far.onFrame((bytes) => take('far', bytes));
    // Whenever a bit more has come, also of a frame that is not whole.
    let heard = near.receivedBytes + far.receivedBytes;
    const cutter = setInterval(() => {
      const now = near.receivedBytes + far.receivedBytes;
      if (now - heard < 1.7 * 4 * words) return;
      heard = now;
      cuts += 1;
      connections.at(-1)!.abort();
    }, 0);
    const send = (link: Link, number: number): Promise<void> =>
      link.send([frame(number, words)], number % 4 === 0 ? 'background' : undefined);
    const all = Array.from({ length: count }, (_, number) => number);
    await Promise.all(all.flatMap((number) => [send(near, number), send(far, number)]));
    clearInterval(cutter);
    expect(cuts).toBeGreaterThan(5);
    for (const side of [numbers.near, numbers.far]) {
      expect(side).toHaveLength(count);
      expect(side.filter((n) => n % 4 !== 0)).toEqual(all.filter((n) => n % 4 !== 0));
      expect(side.filter((n) => n % 4 === 0)).toEqual(all.filter((n) => n % 4 === 0));
    }
  });

  test('outlives a network that is away for a moment, and closes in order after it', async () => {
    const transport = new MemoryTransport();
    const { near, far } = await pair(transport);
    const frames: number[] = [];
    far.onFrame((bytes) => frames.push(bytes[0]!));
    const ended = ending(far);
    transport.cut();
    const sent = Promise.all([1, 2, 3].map((value) => near.send([Uint8Array.of(value)])));
    const closed = near.close();
    expect(frames).toEqual([]);
    transport.heal();
    await Promise.all([sent, closed]);
    expect(await ended).toBeUndefined();
    expect(frames).toEqual([1, 2, 3]);
  });

  test('ends on both sides when the network stays away', async () => {
    const transport = new MemoryTransport();
    const { near, far } = await pair(transport);
    const ends = Promise.all([ending(near), ending(far)]);
    far.onFrame(() => {});
    const sent = near.send([Uint8Array.of(1)]);
    transport.cut();
    await expect(sent).rejects.toMatchObject({ code: 'NODE_LOST' });
    for (const end of await ends) expect(end).toMatchObject({ code: 'NODE_LOST' });
  });

  test('goes on over another connection when the other side holds the first for open', async () => {
    const transport = new MemoryTransport();
    const { near, far, connections } = await pair(transport);
    const frames: number[] = [];
    far.onFrame((bytes) => frames.push(bytes[0]!));
    await near.send([Uint8Array.of(1)]);
    transport.pull();
    const sent = near.send([Uint8Array.of(2)]);
    connections[0]!.abort();
    await sent;
    expect(frames).toEqual([1, 2]);
    expect(connections).toHaveLength(2);
  });

  test('goes on over another connection when nothing comes over the first any more', async () => {
    const transport = new MemoryTransport();
    const { near, far, connections } = await pair(transport);
    const frames: number[] = [];
    far.onFrame((bytes) => frames.push(bytes[0]!));
    transport.pull();
    const doubt = vi.spyOn(connections[0]!, 'abort');
    await near.send([Uint8Array.of(1)]);
    expect(frames).toEqual([1]);
    expect(doubt.mock.calls[0]![0]).toMatchObject({
      message: expect.stringMatching(/has been silent for 7 s/),
    });
  });

  test('ends at once where nobody listens any more', async () => {
    const { near, listener, connections } = await pair(new TcpTransport());
    await listener.close();
    const ended = ending(near);
    connections[0]!.abort();
    expect(await ended).toMatchObject({
      code: 'NODE_LOST',
      cause: { message: expect.stringMatching(/nobody listens/) },
    });
  });

  test('ends at once where nobody knows it any more', async () => {
    const { near, far } = await pair(new TcpTransport());
    near.onFrame(() => {});
    const ended = ending(near);
    far.abort();
    expect(await ended).toMatchObject({ code: 'NODE_LOST' });
  });

  test('stops reading while nobody takes what has come, and goes on when somebody does', async () => {
    const { near, far } = await pair(new TcpTransport());
    const count = 40;
    let sent = 0;
    const all = Array.from({ length: count }, (_, number) =>
      near.send([frame(number, 1 << 18)]).then(() => (sent += 1)),
    );
    await vi.waitUntil(() => sent > 0);
    await new Promise((resolve) => setImmediate(resolve));
    expect(sent).toBeLessThanOrEqual(2);
    const numbers: number[] = [];
    far.onFrame((bytes) => numbers.push(new Uint32Array(bytes.buffer, 0, 1)[0]!));
    await Promise.all(all);
    expect(numbers).toEqual(Array.from({ length: count }, (_, number) => number));
  });
});
