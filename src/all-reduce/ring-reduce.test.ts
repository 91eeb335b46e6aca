// The sums of one step, with numbers for gradients: every node adds in the same order.

import { describe, expect, test } from 'vitest';

import { Outbox } from '../machine/outbox.ts';
import { WorkQueue } from '../machine/work-queue.ts';
import type { Effect, Message, Payload, Slice } from '../node.ts';
import { bucketsOf } from './buckets.ts';
import { RingReduce } from './ring-reduce.ts';

/** What a chunk is here: which nodes' parts have been added, in which order. */
interface Sum extends Payload {
  readonly of: string;
}

const sum = (of: string): Sum => ({ bytes: 4, of });

const blocks = [
  { group: 1, parameters: [{ name: '0.weight', count: 8192 }] },
  { group: 1, parameters: [{ name: '2.weight', count: 64 }] },
];

interface Seated {
  readonly reduce: RingReduce;
  readonly outbox: Outbox;
  readonly works: WorkQueue;
  /** What each slice has come to. */
  readonly gradient: Map<string, string>;
}

function ring(nodes: number): Seated[] {
  return Array.from({ length: nodes }, (_, index) => {
    const outbox = new Outbox();
    const works = new WorkQueue(outbox);
    const seat = { index, nodes, clockwise: `node-${(index + 1) % nodes}` };
    const reduce = new RingReduce(bucketsOf(blocks, nodes), seat, 0, outbox, works);
    reduce.begin(0);
    return { reduce, outbox, works, gradient: new Map() };
  });
}

const nameOf = (slices: readonly Slice[]): string =>
  slices.map(({ name, first }) => `${name}@${first}`).join();

/** Carries out what a node has asked for; gives what it sends. */
function carryOut(node: Seated, index: number): Message[] {
  const sent: Message[] = [];
  let effects: readonly Effect[];
  do {
    node.works.fill(
      () => undefined,
      () => 'gradient',
    );
    effects = node.outbox.take();
    for (const effect of effects) {
      if (effect.type === 'send') sent.push(effect.message);
      if (effect.type !== 'compute') continue;
      const { work } = effect;
      if (work.kind !== 'addSlices' && work.kind !== 'writeSlices') throw new Error(work.kind);
      const { of } = work.payload as Sum;
      const own = work.kind === 'addSlices' ? `${of}+${index}` : of;
      node.gradient.set(nameOf(work.slices), own);
      node.works.done(work);
      node.reduce.computed(work, work.kind === 'addSlices' ? { payload: sum(own) } : {});
    }
  } while (effects.some(({ type }) => type === 'compute'));
  return sent;
}

function ready(node: Seated, index: number, block: number): void {
  node.reduce.ready(
    block,
    node.reduce.own(block).map(() => sum(`${index}`)),
  );
}

/** Everything that is under way, until nothing is. */
function settle(nodes: readonly Seated[]): void {
  for (let moved = true; moved;) {
    moved = false;
    for (const [index, node] of nodes.entries())
      for (const message of carryOut(node, index)) {
        moved = true;
        const next = nodes[(index + 1) % nodes.length]!;
        if (message.type !== 'reduce' || !next.reduce.take(message)) throw new Error('not due');
        node.reduce.sent(message);
      }
  }
}

describe.each([2, 3, 4])('%i nodes', (count) => {
  test('a chunk is the sum over all, in order from the node that it begins at', () => {
    const nodes = ring(count);
    for (const block of [1, 0])
      for (const [index, node] of nodes.entries()) ready(node, index, block);
    settle(nodes);
    const { chunks } = bucketsOf(blocks, count)[0]!;
    for (const { reduce, gradient } of nodes) {
      expect(reduce.isDone).toBe(true);
      for (const [chunk, slices] of chunks.entries()) {
        const order = Array.from({ length: count }, (_, hop) => (chunk + hop) % count).join('+');
        expect(gradient.get(nameOf(slices))).toBe(order);
      }
    }
  });

  test('nothing leaves before the lowest of the blocks that go together is complete', () => {
    const nodes = ring(count);
    ready(nodes[0]!, 0, 1);
    expect(nodes[0]!.outbox.take()).toEqual([]);
    ready(nodes[0]!, 0, 0);
    expect(nodes[0]!.outbox.take()).toMatchObject([{ type: 'send', message: { hop: 1 } }]);
    expect([0, 1].map((block) => nodes[0]!.reduce.hasLeft(block))).toEqual([false, false]);
  });

  test('what comes before a node is ready, or for the step after, waits', () => {
    const nodes = ring(count);
    ready(nodes[0]!, 0, 1);
    ready(nodes[0]!, 0, 0);
    const [message] = carryOut(nodes[0]!, 0);
    expect(nodes[1]!.reduce.take(message as never)).toBe(true);
    expect(nodes[1]!.reduce.take({ ...message, step: 1 } as never)).toBe(true);
    expect(carryOut(nodes[1]!, 1)).toEqual([]);
    ready(nodes[1]!, 1, 1);
    ready(nodes[1]!, 1, 0);
    expect(nodes[1]!.gradient.size).toBe(0);
    carryOut(nodes[1]!, 1);
    expect([...nodes[1]!.gradient.values()]).toEqual(['0+1']);
  });

  test('what is not due is refused', () => {
    const nodes = ring(count);
    ready(nodes[0]!, 0, 0);
    const [message] = carryOut(nodes[0]!, 0);
    const { reduce } = nodes[1]!;
    for (const wrong of [{ hop: 0 }, { hop: 2 * count }, { chunk: 1 }, { bucket: 1 }, { step: 2 }])
      expect(reduce.take({ ...message, ...wrong } as never)).toBe(false);
    expect(reduce.take(message as never)).toBe(true);
    expect(reduce.take(message as never)).toBe(false);
  });
});
