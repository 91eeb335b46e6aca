import { expect, test } from 'vitest';

import { complyWithLink } from './link.compliance.ts';
import { MemoryLink, MemoryTransport } from './memory.ts';

const kill = (link: unknown): void => (link as MemoryLink).abort();

complyWithLink('memory', { create: () => new MemoryTransport(), kill });
complyWithLink('memory with a delay', {
  create: () => new MemoryTransport((deliver) => setTimeout(deliver, 1)),
  kill,
});

test('what is sent arrives when the delay says so, in order', async () => {
  const due: (() => void)[] = [];
  const transport = new MemoryTransport((deliver) => due.push(deliver));
  const arrived: number[] = [];
  const listener = await transport.listen('ring:0', (link) =>
    link.onFrame((frame) => arrived.push(frame[0]!)),
  );
  const link = await transport.connect(listener.address);
  await link.send([Uint8Array.of(1)]);
  await link.send([Uint8Array.of(2)]);
  expect(arrived).toEqual([]);
  due.pop()!();
  expect(arrived).toEqual([1]);
  due.pop()!();
  expect(arrived).toEqual([1, 2]);
});
