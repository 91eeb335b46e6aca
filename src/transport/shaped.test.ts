import { expect, test } from 'vitest';

import type { Link, Transport } from '../ports.ts';
import { complyWithLink } from './link.compliance.ts';
import { MemoryTransport } from './memory.ts';
import { shapeDevice } from './shaped.ts';
import type { ShaperClock } from './shaped.ts';

function shapedTransport(): Transport {
  const transport = new MemoryTransport();
  const shape = { bytesPerSecond: 1e9, latencySeconds: 0.001 };
  return {
    listen: (address, accept) =>
      transport.listen(address, (link) => accept(shapeDevice(shape)(link))),
    connect: async (address) => shapeDevice(shape)(await transport.connect(address)),
  };
}

complyWithLink('memory, shaped', {
  create: shapedTransport,
  kill: (link) => link.abort(),
});

/** A clock that stands still until it is told to go on. */
class ManualClock implements ShaperClock {
  #now = 0;
  readonly #due: { readonly seconds: number; readonly call: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  at(seconds: number, call: () => void): void {
    this.#due.push({ seconds, call });
  }

  async runUntil(end: number): Promise<void> {
    for (;;) {
      await new Promise(setImmediate);
      const next = Math.min(...this.#due.map(({ seconds }) => seconds));
      if (next > end) break;
      const place = this.#due.findIndex(({ seconds }) => seconds === next);
      const [due] = this.#due.splice(place, 1);
      this.#now = Math.max(this.#now, next);
      due!.call();
    }
    this.#now = end;
  }
}

/** A star: each of the outer devices has a link to the middle one. */
async function star(clock: ManualClock, outer: number): Promise<{ out: Link[]; middle: Link[] }> {
  const shape = { bytesPerSecond: 10, latencySeconds: 0.5 };
  const transport = new MemoryTransport();
  const shapeMiddle = shapeDevice(shape, clock);
  const middle: Link[] = [];
  const listener = await transport.listen('middle:0', (link) => middle.push(shapeMiddle(link)));
  const out: Link[] = [];
  for (let k = 0; k < outer; k += 1)
    out.push(shapeDevice(shape, clock)(await transport.connect(listener.address)));
  return { out, middle };
}

const arrivals = (clock: ManualClock, links: readonly Link[]): number[] => {
  const times: number[] = [];
  for (const link of links) link.onFrame(() => times.push(clock.now()));
  return times;
};

test('a frame arrives after its bytes at the rate, and the latency', async () => {
  const clock = new ManualClock();
  const { out, middle } = await star(clock, 1);
  const times = arrivals(clock, middle);
  let left = -1;
  void out[0]!.send([new Uint8Array(10), new Uint8Array(10)]).then(() => (left = clock.now()));
  await clock.runUntil(10);
  expect(left).toBe(2);
  expect(times).toEqual([2.5]);
});

test('what many send to one device shares its downlink', async () => {
  const clock = new ManualClock();
  const { out, middle } = await star(clock, 3);
  const times = arrivals(clock, middle);
  for (const link of out) void link.send([new Uint8Array(10)]);
  await clock.runUntil(10);
  expect(times).toEqual([1.5, 2.5, 3.5]);
});

test('what one device sends to many shares its uplink, and does not wait for what comes in', async () => {
  const clock = new ManualClock();
  const { out, middle } = await star(clock, 2);
  const outwards = arrivals(clock, out);
  const inwards = arrivals(clock, middle);
  for (const link of [...middle, ...out]) void link.send([new Uint8Array(10)]);
  await clock.runUntil(10);
  expect(outwards).toEqual([1.5, 2.5]);
  expect(inwards).toEqual([1.5, 2.5]);
});
