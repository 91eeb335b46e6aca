import { expect, test } from 'vitest';

import { masterId } from '../node.ts';
import type { Effect, Event, Node } from '../node.ts';
import type { Link } from '../ports.ts';
import { encodeMessage } from '../protocol/codec.ts';
import { admittedFrameBytes } from '../transport/limits.ts';
import { MemoryTransport } from '../transport/memory.ts';
import { NodeRunner } from './runner.ts';

/** Both ends of a link that was admitted, and when and why the far one ended. */
async function linked(): Promise<{ near: Link; far: Link; ended: Promise<Error | undefined> }> {
  const transport = new MemoryTransport();
  let far!: Link;
  const listener = await transport.listen('ring:0', (link) => (far = link));
  const near = await transport.connect(listener.address);
  near.maximumFrameBytes = far.maximumFrameBytes = admittedFrameBytes;
  const ended = new Promise<Error | undefined>((resolve) => far.onClose(resolve));
  return { near, far, ended };
}

const run = (receive: Node['receive']): NodeRunner =>
  new NodeRunner({ node: { receive }, executor: { run: async () => ({}) } });

const ending: Effect = { type: 'end' };

test('a message that no frame holds is told to its node, and what else it asked for is done', async () => {
  const { near, ended } = await linked();
  const training = 'long'.repeat(1 << 20);
  const place = { node: 'a', ring: [], index: 1, from: 0, to: 1, window: 1, clockwiseWindow: 1 };
  const message = { type: 'assign', ...place, purpose: 'train', training } as const;
  const heard: Event[] = [];
  const runner = run((event) => {
    heard.push(event);
    if (event.type === 'start')
      return [{ type: 'send', to: masterId, generation: 1, message }, ending];
    return [];
  });
  runner.addMaster(near);
  runner.post({ type: 'start' });
  await runner.ended;
  expect(await ended).toBeUndefined();
  expect(heard.map(({ type }) => type)).toEqual(['linked', 'start', 'failed']);
  expect(heard.at(-1)).toMatchObject({ code: 'PROTOCOL' });
});

test('a node with a fault of its own ends, and so do its links', async () => {
  const { near, ended } = await linked();
  const fault = new TypeError('a fault');
  const runner = run((event) => {
    if (event.type === 'start') throw fault;
    return [];
  });
  runner.addMaster(near);
  runner.post({ type: 'start' });
  await expect(runner.ended).rejects.toBe(fault);
  expect(await ended).toBeUndefined();
});

test('who comes when all is over is sent away', async () => {
  const runner = run(() => [ending]);
  runner.post({ type: 'start' });
  await runner.ended;
  const { near, far, ended } = await linked();
  runner.addGuest(near);
  const engine = { kind: 'wasm', name: 'none', threads: 1 } as const;
  const device = { name: 'a', address: 'a:1', version: '0', engine };
  await far.send(encodeMessage(0, { type: 'join', ...device, cores: 1, memoryBytes: 1, flops: 1 }));
  expect(await ended).toBeUndefined();
});
