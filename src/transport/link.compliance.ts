// What every transport promises (ports.ts: Link, Listener, Transport), as one suite that each runs.

import { afterEach, describe, expect, test, vi } from 'vitest';

import type { Link, Transport } from '../ports.ts';
import { admittedFrameBytes, unadmittedFrameBytes } from './limits.ts';

export interface Subject {
  create(): Transport;
  /** Ends a link as if its process had died. */
  kill(link: Link): void;
  /** Its links are those of peers that have passed the door. */
  readonly isAdmitted?: boolean;
}

interface Pair {
  readonly near: Link;
  readonly far: Link;
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** Collects the next `count` frames. */
const receive = (link: Link, count: number): Promise<Uint8Array[]> =>
  new Promise((resolve) => {
    const frames: Uint8Array[] = [];
    link.onFrame((frame) => {
      frames.push(frame);
      if (frames.length === count) resolve(frames);
    });
  });

const ending = (link: Link): Promise<Error | undefined> =>
  new Promise((resolve) => link.onClose(resolve));

/** Numbers that differ along the way, cheaply. */
const pattern = (length: number, seed: number): Uint8Array => {
  const words = new Uint32Array(Math.ceil(length / 4));
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(i + seed, 0x9e3779b1);
  return new Uint8Array(words.buffer, 0, length);
};

/** Runs the suite on one transport. */
export function complyWithLink(name: string, subject: Subject): void {
  describe(`${name} as a transport`, () => {
    const open: { close(): Promise<void> }[] = [];
    afterEach(async () => {
      await Promise.all(open.splice(0).map((each) => each.close()));
    });

    async function pair(transport = subject.create()): Promise<Pair> {
      let accept: (link: Link) => void;
      const accepted = new Promise<Link>((resolve) => (accept = resolve));
      const listener = await transport.listen('127.0.0.1:0', (link) => accept(link));
      const near = await transport.connect(listener.address);
      const far = await accepted;
      near.maximumFrameBytes = admittedFrameBytes;
      far.maximumFrameBytes = admittedFrameBytes;
      open.push(listener, near, far);
      return { near, far };
    }

    test('frames arrive whole and in order, also empty ones', async () => {
      const { near, far } = await pair();
      const arrived = receive(far, 4);
      for (const frame of [bytes(1, 2, 3), bytes(), bytes(4), bytes(5, 6)])
        await near.send([frame]);
      expect(await arrived).toEqual([bytes(1, 2, 3), bytes(), bytes(4), bytes(5, 6)]);
    });

    test('the parts of a frame arrive as one, which stands alone in its memory', async () => {
      const { near, far } = await pair();
      const arrived = receive(far, 3);
      await near.send([bytes(1), bytes(), bytes(2, 3), bytes(4)]);
      await near.send([bytes(), bytes(5)]);
      await near.send([]);
      const frames = await arrived;
      expect(frames).toEqual([bytes(1, 2, 3, 4), bytes(5), bytes()]);
      for (const frame of frames) expect(frame.byteOffset).toBe(0);
    });

    test('a sent part may be used again as soon as send settles', async () => {
      const { near, far } = await pair();
      const arrived = receive(far, 2);
      const part = pattern(1 << 20, 1);
      await near.send([part]);
      part.fill(0);
      await near.send([part]);
      const [first, second] = await arrived;
      expect(Buffer.compare(first!, pattern(1 << 20, 1))).toBe(0);
      expect(Buffer.compare(second!, part)).toBe(0);
    });

    test('a frame of 64 MB arrives as it was', async () => {
      const { near, far } = await pair();
      const frame = pattern(64e6, 7);
      const arrived = receive(far, 1);
      await near.send([frame.subarray(0, 1000), frame.subarray(1000)]);
      expect(Buffer.compare((await arrived)[0]!, frame)).toBe(0);
    });

    test('10,000 small frames arrive, sent without waiting for each', async () => {
      const { near, far } = await pair();
      const arrived = receive(far, 10_000);
      await Promise.all(
        Array.from({ length: 10_000 }, (_, i) => near.send([Uint16Array.of(i)].map(asBytes))),
      );
      const numbers = (await arrived).map((frame) => new Uint16Array(frame.buffer)[0]);
      expect(numbers).toEqual(Array.from({ length: 10_000 }, (_, i) => i));
    });

    test('large frames pass in both directions at once', async () => {
      const { near, far } = await pair();
      const [there, back] = [receive(far, 8), receive(near, 8)];
      const frames = Array.from({ length: 8 }, (_, i) => pattern(1 << 20, i));
      await Promise.all(frames.flatMap((frame) => [near.send([frame]), far.send([frame])]));
      for (const arrived of [await there, await back]) {
        expect(arrived.every((frame, i) => Buffer.compare(frame, frames[i]!) === 0)).toBe(true);
      }
    });

    test('no frame is lost before a handler is set, or between two', async () => {
      const { near, far } = await pair();
      for (const value of [1, 2, 3]) await near.send([bytes(value)]);
      const first = await new Promise((resolve) =>
        far.onFrame((frame) => {
          far.onFrame(undefined);
          resolve(frame);
        }),
      );
      await near.send([bytes(4)]);
      expect(first).toEqual(bytes(1));
      expect(await receive(far, 3)).toEqual([bytes(2), bytes(3), bytes(4)]);
    });

    test('what was sent before close arrives before the end, which is no error on either side', async () => {
      const { near, far } = await pair();
      const frame = pattern(4 << 20, 3);
      const order: string[] = [];
      far.onFrame((arrived) => order.push(`${arrived.length} bytes`));
      const ends = Promise.all([ending(far), ending(near)]);
      void near.send([frame]);
      void near.send([bytes(1)]);
      await near.close();
      expect(await ends).toEqual([undefined, undefined]);
      expect(order).toEqual([`${4 << 20} bytes`, '1 bytes']);
    });

    test('frames wait for a late handler even when the link has ended since', async () => {
      const { near, far } = await pair();
      await near.send([bytes(1)]);
      const closed = near.close();
      const order: unknown[] = [];
      await new Promise<void>((resolve) => {
        far.onClose((error) => resolve(void order.push(error)));
        far.onFrame((frame) => order.push(frame));
      });
      await closed;
      expect(order).toEqual([bytes(1), undefined]);
    });

    test('the end waits for the next handler where there is none', async () => {
      const { near, far } = await pair();
      far.onFrame(() => {});
      far.onClose(() => expect.unreachable('a handler that was taken off'));
      far.onClose(undefined);
      await near.close();
      await vi.waitUntil(() =>
        far.send([bytes(1)]).then(
          () => false,
          () => true,
        ),
      );
      expect(await ending(far)).toBeUndefined();
    });

    test('bytes are counted as they arrive', async () => {
      const { near, far } = await pair();
      const before = far.receivedBytes;
      const arrived = receive(far, 2);
      await near.send([bytes(1, 2)]);
      await near.send([new Uint8Array(1000)]);
      await arrived;
      expect(far.receivedBytes - before).toBeGreaterThanOrEqual(1002);
    });

    test('closing again, and from both sides, does no harm', async () => {
      const { near, far } = await pair();
      far.onFrame(() => {});
      await Promise.all([near.close(), far.close(), near.close()]);
      await expect(near.close()).resolves.toBeUndefined();
    });

    test('after the end, on either side, sending is refused', async () => {
      const { near, far } = await pair();
      far.onFrame(() => {});
      const ended = ending(far);
      await near.close();
      await ended;
      const lost = expect.objectContaining({ code: 'NODE_LOST' });
      await expect(near.send([bytes(1)])).rejects.toEqual(lost);
      await expect(far.send([bytes(1)])).rejects.toEqual(lost);
    });

    test('the death of the peer ends the link with an error', async () => {
      const { near, far } = await pair();
      far.onFrame(() => {});
      const ended = ending(far);
      subject.kill(near);
      expect(await ended).toMatchObject({ code: 'NODE_LOST' });
    });

    test('a send that is under way when either side dies settles', async () => {
      for (const victim of ['near', 'far'] as const) {
        const links = await pair();
        const sends = Array.from({ length: 4 }, () => links.near.send([new Uint8Array(16 << 20)]));
        subject.kill(links[victim]);
        expect(await Promise.allSettled(sends)).toHaveLength(4);
      }
    });

    test('a frame above the limit ends the link, one at the limit passes', async () => {
      const { near, far } = await pair();
      far.maximumFrameBytes = 10;
      const frames: Uint8Array[] = [];
      far.onFrame((frame) => frames.push(frame));
      const ended = ending(far);
      await near.send([new Uint8Array(10)]);
      await Promise.allSettled([near.send([new Uint8Array(11)])]);
      expect(await ended).toMatchObject({ code: 'PROTOCOL' });
      expect(frames).toEqual([new Uint8Array(10)]);
    });

    test('a limit raised while one frame is handled holds for the next', async () => {
      const { near, far } = await pair();
      far.maximumFrameBytes = 1;
      void near.send([bytes(1)]);
      void near.send([bytes(2, 3)]);
      const second = await new Promise((resolve) =>
        far.onFrame((frame) => {
          far.maximumFrameBytes = 2;
          if (frame.length === 2) resolve(frame);
        }),
      );
      expect(second).toEqual(bytes(2, 3));
    });

    test('a fresh link takes small frames only, unless the peer was admitted', async () => {
      const transport = subject.create();
      const limit = subject.isAdmitted ? admittedFrameBytes : unadmittedFrameBytes;
      const limits: number[] = [];
      const listener = await transport.listen('127.0.0.1:0', (link) => {
        limits.push(link.maximumFrameBytes);
        link.onFrame(() => {});
        open.push(link);
      });
      const link = await transport.connect(listener.address);
      open.push(link, listener);
      expect(link.maximumFrameBytes).toBe(limit);
      await link.close();
      expect(limits).toEqual([limit]);
    });

    test('a taken port, a port where nobody listens and a bad address are clear refusals', async () => {
      const transport = subject.create();
      const listener = await transport.listen('127.0.0.1:0', () => {});
      const { address } = listener;
      const refusal = (message: RegExp): unknown =>
        expect.objectContaining({ code: 'ADDRESS', message: expect.stringMatching(message) });
      await expect(transport.listen(address, () => {})).rejects.toEqual(refusal(/in use/));
      await listener.close();
      await expect(transport.connect(address)).rejects.toEqual(refusal(/nobody listens/));
      for (const bad of ['', '127.0.0.1', '127.0.0.1:99999', '::1:80', 'a b:1', ':80', '[x]:1']) {
        await expect(transport.connect(bad)).rejects.toEqual(refusal(/HOST:PORT/));
        await expect(transport.listen(bad, () => {})).rejects.toEqual(refusal(/HOST:PORT/));
      }
    });

    test('a port is free again once its listener is closed; links stay open', async () => {
      const transport = subject.create();
      const { near, far } = await pair(transport);
      const listener = await transport.listen('127.0.0.1:0', () => {});
      await listener.close();
      open.push(await transport.listen(listener.address, () => {}));
      const arrived = receive(far, 1);
      await near.send([bytes(1)]);
      expect(await arrived).toEqual([bytes(1)]);
    });
  });
}

const asBytes = (view: ArrayBufferView): Uint8Array =>
  new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
