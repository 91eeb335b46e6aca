import { afterEach, describe, expect, test, vi } from 'vitest';

import type { Link, Transport } from '../ports.ts';
import { openDoor } from './door.ts';
import type { Side } from './door.ts';
import { makeSecret } from './invitation.ts';
import { admittedFrameBytes } from './limits.ts';
import { MemoryTransport } from './memory.ts';
import { TcpTransport } from './tcp.ts';

const patient = { timeoutMilliseconds: 10_000 };

describe.each<[string, () => Transport]>([
  ['memory', () => new MemoryTransport()],
  ['TCP', () => new TcpTransport()],
])('the door over %s', (_, create) => {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.close()));
  });

  async function pair(): Promise<Record<Side, Link>> {
    const transport = create();
    let accept: (link: Link) => void;
    const accepted = new Promise<Link>((resolve) => (accept = resolve));
    const listener = await transport.listen('127.0.0.1:0', (link) => accept(link));
    const guest = await transport.connect(listener.address);
    const host = await accepted;
    open.push(listener, guest, host);
    return { host, guest };
  }

  test('lets in who knows the secret, and nothing sent right after is lost', async () => {
    const { host, guest } = await pair();
    const secret = makeSecret();
    const large = new Uint8Array(1 << 20).fill(9);
    await Promise.all([
      openDoor(host, secret, 'host', patient).then(() => host.send([large])),
      openDoor(guest, secret, 'guest', patient).then(() => guest.send([large])),
    ]);
    for (const link of [host, guest]) {
      expect(link.maximumFrameBytes).toBe(admittedFrameBytes);
      const frame = await new Promise<Uint8Array>((resolve) => link.onFrame(resolve));
      expect(Buffer.compare(frame, large)).toBe(0);
    }
  });

  test.each([
    ['is closed', (link: Link) => link.close()],
    ['dies', async (link: Link) => link.abort()],
  ])('a link that %s right after it was admitted tells so to the next handler', async (_, end) => {
    const { host, guest } = await pair();
    const secret = makeSecret();
    await Promise.all([
      openDoor(host, secret, 'host', patient),
      openDoor(guest, secret, 'guest', patient),
    ]);
    await guest.send([new Uint8Array(1)]);
    await end(host);
    // Until the guest has noticed.
    await vi.waitUntil(() =>
      guest.send([new Uint8Array(1)]).then(
        () => false,
        () => true,
      ),
    );
    const told = vi.fn<(error?: Error) => void>();
    guest.onClose(told);
    guest.onFrame(() => {});
    await vi.waitUntil(() => told.mock.calls.length > 0);
    expect(told).toHaveBeenCalledOnce();
  });

  test('turns away a wrong secret, and both sides know why', async () => {
    const { host, guest } = await pair();
    const outcomes = await Promise.allSettled([
      openDoor(host, makeSecret(), 'host', patient),
      openDoor(guest, makeSecret(), 'guest', patient),
    ]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: { code: 'SECRET', message: expect.stringMatching(/^the secret is wrong: copy/) },
      });
    }
    await expect(guest.send([new Uint8Array(1)])).rejects.toMatchObject({ code: 'NODE_LOST' });
  });

  test('tells another version which two versions met', async () => {
    const { host, guest } = await pair();
    const hello = Buffer.alloc(100);
    hello.write('RTMP');
    hello.writeUInt16LE(7, 4);
    const theirs = new Promise<Uint8Array>((resolve) => guest.onFrame(resolve));
    await guest.send([hello]);
    await expect(openDoor(host, makeSecret(), 'host', patient)).rejects.toMatchObject({
      code: 'VERSION',
      message: expect.stringMatching(/version 7, this side speaks 1/),
    });
    expect(new DataView((await theirs).buffer).getUint16(4, true)).toBe(1);
  });

  test('cannot be opened by its own greeting and proof, sent back', async () => {
    const { host, guest } = await pair();
    guest.onFrame((frame) => void guest.send([frame]));
    await expect(openDoor(host, makeSecret(), 'host', patient)).rejects.toMatchObject({
      code: 'SECRET',
    });
  });

  test.each<[string, Uint8Array]>([
    ['junk', new TextEncoder().encode('GET / HTTP/1.1')],
    ['a short frame', Uint8Array.of(1)],
    ['a greeting of the wrong size', Buffer.from('RTMP\u0001\0\0\0')],
    ['a frame too large', new Uint8Array(2000)],
  ])('drops a stranger that sends %s', async (_, frame) => {
    const { host, guest } = await pair();
    guest.onFrame(() => {});
    const gone = new Promise<void>((resolve) => guest.onClose(() => resolve()));
    const door = openDoor(host, makeSecret(), 'host', patient);
    void guest.send([frame]);
    await expect(door).rejects.toMatchObject({ code: 'PROTOCOL' });
    await gone;
  });

  test('drops a stranger that says nothing, and one that hangs up', async () => {
    const silent = await pair();
    silent.guest.onFrame(() => {});
    await expect(
      openDoor(silent.host, makeSecret(), 'host', { timeoutMilliseconds: 1 }),
    ).rejects.toMatchObject({ code: 'PROTOCOL', message: expect.stringMatching(/in time/) });

    const brief = await pair();
    const door = openDoor(brief.host, makeSecret(), 'host', patient);
    await Promise.all([
      brief.guest.close(),
      expect(door).rejects.toMatchObject({ code: 'PROTOCOL' }),
    ]);
  });
});
