import { beforeEach, expect, test } from 'vitest';

import type { Link } from '../ports.ts';
import { keepAlive } from './liveness.ts';
import type { Ticker } from './liveness.ts';
import { MemoryTransport } from './memory.ts';
import type { MemoryLink } from './memory.ts';

/** A clock that is moved by hand. */
class Ticks {
  readonly #acts = new Set<() => void>();

  readonly ticker: Ticker = (act) => {
    this.#acts.add(act);
    return () => this.#acts.delete(act);
  };

  get isStopped(): boolean {
    return this.#acts.size === 0;
  }

  /** Lets what was sent arrive before each. */
  async pass(seconds: number, before?: () => void): Promise<void> {
    for (let second = 0; second < seconds; second += 1) {
      before?.();
      for (const act of this.#acts) act();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

let [here, there] = [new Ticks(), new Ticks()];
let nearMemory: MemoryLink;
let [near, far]: Link[] = [];
let ended: unknown;
let frames: Uint8Array[] = [];

beforeEach(async () => {
  [here, there, ended, frames] = [new Ticks(), new Ticks(), 'not ended', []];
  const transport = new MemoryTransport();
  const listener = await transport.listen(
    'ring:0',
    (link) => (far = keepAlive(link, there.ticker)),
  );
  nearMemory = await transport.connect(listener.address);
  near = keepAlive(nearMemory, here.ticker);
  near.onClose((error) => (ended = error));
  near.onFrame((frame) => frames.push(frame));
  far!.onFrame(() => {});
});

const both = async (seconds: number): Promise<void> => {
  for (let second = 0; second < seconds; second += 1) {
    await here.pass(1);
    await there.pass(1);
  }
};

test('two sides that have nothing to say stay linked, and nobody is handed anything', async () => {
  await both(100);
  expect({ ended, frames }).toEqual({ ended: 'not ended', frames: [] });
  await far!.send([Uint8Array.of(1)]);
  await both(1);
  expect(frames).toEqual([Uint8Array.of(1)]);
});

test('a side that says nothing for 15 s ends the link', async () => {
  await both(10);
  await here.pass(14);
  expect(ended).toBe('not ended');
  await here.pass(2);
  expect(ended).toMatchObject({
    code: 'NODE_LOST',
    message: expect.stringMatching(/has been silent for 15 s/),
  });
  expect(here.isStopped).toBe(true);
});

test('a side that was stopped for a while ends nothing', async () => {
  for (let times = 0; times < 5; times += 1) {
    await here.pass(10);
    await both(5);
  }
  expect(ended).toBe('not ended');
});

test('a frame that takes long to arrive is a sign of life', async () => {
  await here.pass(100, () => (nearMemory.receivedBytes += 1));
  expect(ended).toBe('not ended');
});

test('a side that does not listen does not judge, and begins anew when it does', async () => {
  near!.onFrame(undefined);
  await here.pass(100);
  near!.onFrame(() => {});
  await here.pass(14);
  expect(ended).toBe('not ended');
  await here.pass(2);
  expect(ended).toMatchObject({ code: 'NODE_LOST' });
});

test('nothing is added to what is still leaving', async () => {
  let sends = 0;
  nearMemory.send = () => {
    sends += 1;
    return new Promise(() => {});
  };
  void near!.send([Uint8Array.of(1)]);
  await both(10);
  expect(sends).toBe(1);
});

test('a link that has ended is no longer kept, whichever side ended it', async () => {
  await near!.close();
  expect(here.isStopped).toBe(true);
  expect(ended).toBeUndefined();
  await there.pass(3);
  expect(there.isStopped).toBe(true);
});
