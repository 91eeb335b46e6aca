import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';

import type { Link } from '../ports.ts';
import { complyWithLink } from './link.compliance.ts';
import { TcpTransport } from './tcp.ts';
import type { TcpLink } from './tcp.ts';

complyWithLink('TCP', {
  create: () => new TcpTransport(),
  kill: (link) => (link as TcpLink).abort(),
});

describe('TCP', () => {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.close()));
  });

  /** A raw socket and the link that it talks to. */
  async function stranger(): Promise<{ socket: ReturnType<typeof connect>; link: Link }> {
    let accept: (link: Link) => void;
    const accepted = new Promise<Link>((resolve) => (accept = resolve));
    const listener = await new TcpTransport().listen('127.0.0.1:0', (link) => accept(link));
    const socket = connect(Number(listener.address.split(':')[1]), '127.0.0.1');
    socket.on('error', () => {});
    const link = await accepted;
    open.push(listener, link);
    return { socket, link };
  }

  const prefix = (length: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(length);
    return bytes;
  };

  test('frames are put together from whatever pieces arrive', async () => {
    const { socket, link } = await stranger();
    const frames: Uint8Array[] = [];
    const ended = new Promise((resolve) => link.onClose(resolve));
    link.onFrame((frame) => frames.push(frame));
    const stream = Buffer.concat([
      prefix(3),
      Buffer.from([1, 2, 3]),
      prefix(0),
      prefix(1),
      Buffer.of(4),
    ]);
    for (const byte of stream) {
      await new Promise((resolve) => socket.write(Buffer.of(byte), resolve));
    }
    socket.end(prefix(0xffffffff));
    expect(await ended).toBeUndefined();
    expect(frames).toEqual([Uint8Array.of(1, 2, 3), new Uint8Array(), Uint8Array.of(4)]);
  });

  test('an announced length costs nothing until its bytes arrive', async () => {
    const { socket, link } = await stranger();
    link.maximumFrameBytes = 2 ** 32;
    const before = process.memoryUsage().arrayBuffers;
    const ended = new Promise((resolve) => link.onClose(resolve));
    link.onFrame(() => {});
    socket.end(Buffer.concat([prefix(0xfffffff0), Buffer.alloc(100)]));
    expect(await ended).toMatchObject({ code: 'NODE_LOST' });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 24);
  });

  test('frames that are kept stand, frames that are released lend their memory to the next', async () => {
    const { socket, link } = await stranger();
    link.maximumFrameBytes = 1 << 20;
    const size = 1 << 17;
    const frames: Uint8Array[] = [];
    const all = new Promise<void>((resolve) =>
      link.onFrame((frame, release) => {
        frames.push(frame);
        // Saying so twice frees nothing that is another frame's by now.
        if (frames.length === 1) for (let times = 0; times < 2; times += 1) release?.();
        if (frames.length === 4) resolve();
      }),
    );
    for (const value of [1, 2, 3, 4])
      socket.write(Buffer.concat([prefix(size), Buffer.alloc(size, value)]));
    await all;
    expect(frames.map((frame) => [frame[0], frame.at(-1)])).toEqual([
      [2, 2],
      [2, 2],
      [3, 3],
      [4, 4],
    ]);
    expect(frames[1]!.buffer).toBe(frames[0]!.buffer);
  });

  test('a peer that ends without a goodbye was lost, not closed', async () => {
    const { socket, link } = await stranger();
    link.onFrame(() => {});
    const ended = new Promise((resolve) => link.onClose(resolve));
    socket.end();
    expect(await ended).toMatchObject({ code: 'NODE_LOST' });
  });

  test('a link closed here ends although the peer never closes its side', async () => {
    const { socket, link } = await stranger();
    socket.pause();
    const gone = once(socket, 'close');
    await link.close();
    socket.resume();
    await gone;
    expect(socket.destroyed).toBe(true);
  });

  test('send does not settle while the peer reads nothing', async () => {
    const { socket, link } = await stranger();
    socket.pause();
    let settled = false;
    const sent = link.send([new Uint8Array(64 << 20)]).then(() => (settled = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(settled).toBe(false);
    socket.resume();
    await sent;
    expect(settled).toBe(true);
  });

  test('hosts may be names and IPv6 addresses', async () => {
    const transport = new TcpTransport();
    for (const host of ['localhost', '[::1]']) {
      const listener = await transport
        .listen(`${host}:0`, (link) => open.push(link))
        .catch(() => undefined);
      if (listener === undefined) continue; // a machine without IPv6
      const link = await transport.connect(listener.address);
      open.push(listener, link);
      expect(link.remote).toBe(listener.address);
    }
  });

  test('a host of another machine cannot be listened on, an unknown one not be reached', async () => {
    const transport = new TcpTransport();
    await expect(transport.listen('192.0.2.1:0', () => {})).rejects.toThrow(/of this machine/);
    await expect(transport.connect('nobody.invalid:7000')).rejects.toThrow(
      expect.objectContaining({ code: 'ADDRESS' }),
    );
  });
});
