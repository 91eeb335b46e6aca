// The schedule of a parameter server, on devices that only cost.

import { describe, expect, test } from 'vitest';

import { Meter } from '../../src/meter/fold.ts';
import type { Consistency } from '../../src/parameter-server/consistency.ts';
import { drawSchedule } from '../../src/simulator/picture.ts';
import { layerBytes, runCostedServer } from './costed-server.ts';

/** A small generator of whole numbers, the same in every run. */
function generator(seed: number): (below: number) => number {
  let word = seed;
  return (below) => {
    word = (Math.imul(word, 1664525) + 1013904223) >>> 0;
    return Math.floor((word / 2 ** 32) * below);
  };
}

test('gradients travel while layers below go back, and first layers begin while the last are under way', async () => {
  // A layer takes a second to the server, and a second back.
  const link = () => ({ latencySeconds: 0, bytesPerSecond: layerBytes * 1.01 });
  const { spans, transmissions, ends } = await runCostedServer({
    nodes: 2,
    servers: 1,
    consistency: { kind: 'bsp' },
    steps: 2,
    batch: 1,
    trainCount: 4,
    link,
  });
  expect(ends.get('master')?.error).toBeUndefined();
  const worker = spans.filter(({ work }) => 'block' in work);
  expect(drawSchedule(worker, 1)).toBe(
    'master | F0 F0 L0 L0 W0 B0 W0 B0 W0 .  .  F0 F0 L0 L0 W0 B0 W0 B0 W0',
  );
  const begun = worker[0]!.start;
  const pushes = transmissions.filter(({ message }) => message.type === 'push');
  expect(pushes.slice(0, 3).map(({ start }) => Math.round(start - begun))).toEqual([5, 7, 9]);
});

test.each([1, 'colocated'] as const)(
  'a worker waits for parameters on a slow link, also while some of them come (servers: %s)',
  async (servers) => {
    const { timelines } = await runCostedServer({
      nodes: 3,
      servers,
      consistency: { kind: 'bsp' },
      steps: 4,
      batch: 2,
      link: () => ({ latencySeconds: 0, bytesPerSecond: layerBytes / 10 }),
    });
    for (const node of ['master', 'worker-1']) {
      const meter = new Meter();
      for (const entry of timelines.get(node)!) meter.add(entry);
      const { wallSeconds, idleSeconds } = meter.figures;
      expect(idleSeconds.parameters / wallSeconds).toBeGreaterThan(0.6);
      expect(idleSeconds.node / wallSeconds).toBeLessThan(0.02);
    }
  },
);

test('layers are pushed from the last to the first, and each is pulled when it is updated', async () => {
  const { transmissions } = await runCostedServer({
    nodes: 3,
    servers: 1,
    consistency: { kind: 'bsp' },
    batch: 2,
  });
  const keys = (type: 'push' | 'pulled', node: string): number[] =>
    transmissions.flatMap(({ from, to, message }) =>
      message.type === type && (from === node || to === node) ? [message.key] : [],
    );
  for (const node of ['master', 'worker-1'])
    for (const type of ['push', 'pulled'] as const) expect(keys(type, node)).toEqual([2, 1, 0]);
});

test('shards have the same bytes to take in', async () => {
  const { transmissions } = await runCostedServer({
    nodes: 5,
    servers: 3,
    consistency: { kind: 'bsp' },
    batch: 2,
  });
  const bytes = new Map<string, number>();
  for (const { to, message } of transmissions)
    if (message.type === 'push') bytes.set(to, (bytes.get(to) ?? 0) + message.payload.bytes);
  const loads = [...bytes.values()];
  expect(loads).toHaveLength(3);
  expect(Math.min(...loads) / Math.max(...loads)).toBeGreaterThan(0.98);
});

describe('nothing stands still', () => {
  const random = generator(7);
  const cases = Array.from({ length: 60 }, (_, number) => {
    const nodes = 1 + random(6);
    const servers = random(3) === 0 || nodes === 1 ? ('colocated' as const) : 1 + random(nodes - 1);
    const kinds: Consistency[] = [
      { kind: 'bsp' },
      { kind: 'async' },
      { kind: 'ssp', bound: 1 + random(3) },
    ];
    const consistency = kinds[random(3)]!;
    return {
      number,
      nodes,
      servers,
      consistency,
      clips: consistency.kind === 'bsp' && random(2) === 0,
      steps: 1 + random(9),
      batch: 1 + random(12),
      microbatches: 1 + random(4),
      testCount: random(2) * 5,
      latencySeconds: random(4) / 4,
      speeds: Array.from({ length: nodes }, () => 1 + random(4)),
      loses: random(4) === 0,
    };
  });

  test.each(cases)('run $number: $nodes nodes, $servers servers, $consistency', async (each) => {
    const { nodes, servers, consistency, steps, batch, latencySeconds, speeds } = each;
    const workers = servers === 'colocated' ? nodes : nodes - servers;
    // One that only computes can be lost.
    const lost = each.loses && servers !== 'colocated' && workers > 1 ? 'worker-1' : undefined;
    const { ends, reports } = await runCostedServer({
      nodes,
      servers,
      consistency,
      steps,
      batch,
      microbatches: each.microbatches,
      testCount: each.testCount,
      trainCount: batch + 3,
      ...(each.clips && { clipNorm: 1 }),
      link: () => ({ latencySeconds, bytesPerSecond: 20_000 }),
      seconds: (work, node) =>
        'block' in work
          ? speeds[node === 'master' ? 0 : Number(node.slice('worker-'.length))]!
          : 0.01,
      ...(lost !== undefined && {
        at: [{ seconds: 40, node: lost, event: { type: 'stop' as const } }],
      }),
    });
    expect(ends.get('master')).toEqual({ type: 'end' });
    expect(ends.size).toBe(nodes);
    const done = reports.flatMap((report) => (report.kind === 'step' ? [report.step] : []));
    expect(done).toEqual(Array.from({ length: steps }, (_, step) => step + 1));
  });
});
