// The schedule of an all-reduce, on devices that only cost.

import { expect, test } from 'vitest';

import { drawSchedule } from '../../src/simulator/picture.ts';
import { runCostedGroup } from './costed-group.ts';

const steps = (reports: readonly { readonly kind: string }[]): number =>
  reports.filter(({ kind }) => kind === 'step').length;

/** A small generator of whole numbers, the same in every run. */
function generator(seed: number): (below: number) => number {
  let word = seed;
  return (below) => {
    word = (Math.imul(word, 1664525) + 1013904223) >>> 0;
    return Math.floor((word / 2 ** 32) * below);
  };
}

test('gradients travel while blocks below still go back', async () => {
  // A block's bucket takes a second each way: 2 chunks of 16 kB at 16 kB/s.
  const link = () => ({ latencySeconds: 0, bytesPerSecond: 16_100 });
  const { spans, transmissions, ends } = await runCostedGroup({
    nodes: 2,
    blocks: [8000, 8000, 8000],
    trainCount: 2,
    link,
  });
  expect(ends.get('master')?.error).toBeUndefined();
  const begun = Math.min(
    ...spans.flatMap(({ work, start }) => (work.kind === 'forwardBlock' ? [start] : [])),
  );
  const steady = spans.filter(({ start }) => start >= begun);
  expect(drawSchedule(steady, 1)).toBe(
    ['master   | F0 F0 L0 L0 W0 B0 W0 B0 W0', 'worker-1 | F0 F0 L0 L0 W0 B0 W0 B0 W0'].join('\n'),
  );
  const sent = transmissions.filter(({ message }) => message.type === 'reduce');
  const first = Math.min(...sent.map(({ start }) => start)) - begun;
  const last = Math.max(...sent.map(({ end }) => end)) - begun;
  // Of six seconds on each link three are hidden behind the nine of computing.
  expect(first).toBeCloseTo(5, 1);
  expect(last).toBeCloseTo(12, 1);
});

test('each node sends 2 (n - 1) / n of the gradient in a step, to its clockwise neighbour alone', async () => {
  const nodes = 4;
  const elements = [600_000, 64, 1000];
  const { transmissions } = await runCostedGroup({ nodes, blocks: elements, trainCount: nodes });
  const all = 4 * elements.reduce((a, b) => a + b, 0);
  for (let node = 0; node < nodes; node += 1) {
    const from = node === 0 ? 'master' : `worker-${node}`;
    const to = node === nodes - 1 ? 'master' : `worker-${node + 1}`;
    let bytes = 0;
    for (const each of transmissions) {
      if (each.message.type !== 'reduce' || each.from !== from) continue;
      expect(each.to).toBe(to);
      bytes += each.message.payload.bytes;
    }
    expect(Math.abs(bytes - (all * 2 * (nodes - 1)) / nodes) / all).toBeLessThan(0.001);
  }
});

test('every sample goes to the one worker that needs it, once, before the first step', async () => {
  const nodes = 3;
  const batch = 30;
  const { transmissions, spans, reports } = await runCostedGroup({
    nodes,
    blocks: [100],
    batch,
    steps: 7,
    trainCount: 60,
  });
  const sent = transmissions.filter(({ message }) => message.type === 'samples');
  // Two thirds of 60: the order of this test never changes.
  expect(reports).toContainEqual({ kind: 'shipped', samples: 40, bytes: 40_000 });
  expect(sent.map(({ to }) => to).sort()).toEqual(['worker-1', 'worker-2']);
  const first = spans.find(({ work }) => work.kind === 'lossBlock')!;
  for (const { end } of sent) expect(end).toBeLessThanOrEqual(first.start);
});

test('no mixture of nodes, blocks, speeds and links comes to a halt', async () => {
  const random = generator(7);
  for (let round = 0; round < 60; round += 1) {
    const nodes = 1 + random(7);
    const blocks = Array.from(
      { length: 1 + random(5) },
      () => 1 + random(3) * 200_000 + random(50),
    );
    const speed = Array.from({ length: nodes }, () => 0.1 + random(100) / 50);
    const latency = random(3) / 10;
    const bandwidth = 1e5 * (1 + random(100));
    const count = 3;
    const shape = { nodes, blocks, batch: nodes + random(20), microbatches: 1 + random(6) };
    const { reports, ends } = await runCostedGroup({
      ...shape,
      group: 2 ** random(3),
      steps: count,
      testCount: random(2) * 5,
      trainCount: 3 * nodes + random(30),
      seconds: (work, node) =>
        ('block' in work ? 1 : 0.01) * speed[Number(node.split('-')[1] ?? 0)]!,
      link: (from, to) => ({
        latencySeconds: latency * (from < to ? 1 : 2),
        bytesPerSecond: bandwidth,
      }),
    });
    expect(steps(reports), `round ${round}`).toBe(count);
    expect(ends.size, `round ${round}`).toBe(nodes);
    for (const { error } of ends.values()) expect(error, `round ${round}`).toBeUndefined();
  }
});

test('with a worker gone the others go on from the step before, and nothing is lost', async () => {
  const { reports, ends } = await runCostedGroup({
    nodes: 3,
    blocks: [100, 100],
    steps: 50,
    at: [
      {
        seconds: 60,
        node: 'master',
        event: { type: 'unlinked', node: 'worker-1', reason: 'it left' },
      },
    ],
  });
  expect(steps(reports)).toBe(50);
  expect(reports).toContainEqual({
    kind: 'lost',
    node: 'worker-1',
    name: 'worker-1',
    reason: 'it left',
  });
  const reformed = reports.find(({ kind }) => kind === 'reformed');
  expect(reformed).toMatchObject({ cause: 'lost', replay: 0 });
  expect(ends.get('master')?.error).toBeUndefined();
  expect(ends.get('worker-1')?.error?.code).toBe('NODE_LOST');
  expect(ends.get('worker-2')?.error).toBeUndefined();
});

test('a stop saves the last whole step', async () => {
  const { reports, ends } = await runCostedGroup({
    nodes: 2,
    blocks: [100, 100],
    steps: 50,
    at: [{ seconds: 33, node: 'master', event: { type: 'stop' } }],
  });
  expect(reports.at(-1)).toEqual({ kind: 'saved', step: steps(reports) });
  expect(ends.get('master')?.error?.code).toBe('INTERRUPTED');
});

test('the same simulation twice is the same', async () => {
  const group = { nodes: 4, blocks: [300, 400_000], steps: 3 };
  expect(await runCostedGroup(group)).toEqual(await runCostedGroup(group));
});
