import fc from 'fast-check';
import { expect, test } from 'vitest';

import { drawSchedule } from '../../src/simulator/picture.ts';
import { runCostedRing, unitSeconds } from './costed-ring.ts';

test('two nodes, four microbatches: 1F1B with weight gradients in the gaps', async () => {
  const { spans } = await runCostedRing({ nodes: 2, microbatches: 4 });
  expect(`\n${drawSchedule(spans, 1)}`).toMatchInlineSnapshot(`
    "
    master   | F0 F1 F2 F3 L0 L0 L1 L1 L2 L2 L3 L3 B0 B1 B2 B3 W0 W1 W2 W3 W0 W1 W2 W3
    worker-1 | .  F0 F1 F2 F3 .  B0 W0 B1 W1 B2 W2 B3 W3 .  .  .  .  .  .  .  .  .  ."
  `);
});

test('four nodes, six microbatches', async () => {
  const { spans } = await runCostedRing({ nodes: 4, microbatches: 6 });
  expect(`\n${drawSchedule(spans, 1)}`).toMatchInlineSnapshot(`
    "
    master   | F0 F1 F2 F3 F4 F5 L0 L0 L1 L1 L2 L2 L3 L3 L4 L4 L5 L5 B0 B1 B2 B3 B4 W0 B5 W1 W2 W3 W4 W5 W0 W1 W2 W3 W4 W5
    worker-1 | .  F0 F1 F2 F3 F4 F5 .  .  .  B0 W0 .  B1 W1 B2 W2 B3 W3 B4 W4 B5 W5 .  .  .  .  .  .  .  .  .  .  .  .  .
    worker-2 | .  .  F0 F1 F2 F3 F4 F5 .  B0 W0 .  B1 W1 B2 W2 B3 W3 B4 W4 B5 W5 .  .  .  .  .  .  .  .  .  .  .  .  .  .
    worker-3 | .  .  .  F0 F1 F2 F3 F4 B0 W0 F5 B1 W1 B2 W2 B3 W3 B4 W4 B5 W5 .  .  .  .  .  .  .  .  .  .  .  .  .  .  ."
  `);
});

test('one node alone: loss and weight gradients, nothing else', async () => {
  const { spans } = await runCostedRing({ nodes: 1, microbatches: 4, groups: [2], window: 1 });
  expect(drawSchedule(spans, 1)).toBe('master | L0 L0 L1 L1 W0 W0 L2 L2 L3 L3 W2 W2');
});

test('the last group of weight gradients may be smaller', async () => {
  const { spans } = await runCostedRing({ nodes: 2, microbatches: 5, groups: [2] });
  const counts = spans.flatMap(({ node, work }) =>
    node === 'worker-1' && work.kind === 'weights' ? [work.count] : [],
  );
  expect(counts).toEqual([2, 2, 1]);
});

test('a window bounds how many microbatches a stage holds', async () => {
  const { spans } = await runCostedRing({ nodes: 3, microbatches: 8, window: 2 });
  for (const node of ['worker-1', 'worker-2']) {
    let held = 0;
    for (const span of spans.filter((s) => s.node === node)) {
      if (span.work.kind === 'forward') held += 1;
      if (span.work.kind === 'backward') held -= 1;
      expect(held).toBeLessThanOrEqual(2);
    }
  }
});

test('every ring ends, with every work done once, whatever windows, groups, links and speeds', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        nodes: fc.integer({ min: 1, max: 7 }),
        microbatches: fc.integer({ min: 1, max: 12 }),
        window: fc.integer({ min: 1, max: 13 }),
        groups: fc.array(fc.constantFrom(1, 2, 4, 8), { maxLength: 3 }),
        steps: fc.integer({ min: 1, max: 3 }),
        testCount: fc.integer({ min: 0, max: 30 }),
        latencySeconds: fc.constantFrom(0, 0.3, 5),
        bytesPerSecond: fc.constantFrom(Infinity, 1000, 200),
        slow: fc.integer({ min: 0, max: 6 }),
      }),
      async ({ slow, ...ring }) => {
        const slowNode = slow === 0 ? 'master' : `worker-${slow}`;
        const { ends, spans, reports } = await runCostedRing({
          ...ring,
          seconds: (work, node) => unitSeconds(work) * (node === slowNode ? 3.7 : 1),
        });
        expect(ends.size).toBe(ring.nodes);
        for (const end of ends.values()) expect(end.error).toBeUndefined();
        const stages = ring.nodes === 1 ? 1 : ring.nodes + 1;
        const trained = ring.steps * ring.microbatches;
        const count = (kind: string): number =>
          spans.filter(
            ({ work }) => work.kind === kind && (!('of' in work) || work.of.mode === 'train'),
          ).length;
        expect(count('forward') + count('loss')).toBe(stages * trained);
        expect(count('backward') + count('loss')).toBe(stages * trained);
        const weighted = spans.reduce(
          (sum, { work }) => sum + (work.kind === 'weights' ? work.count : 0),
          0,
        );
        expect(weighted).toBe(stages * trained * ring.groups.length);
        expect(count('update')).toBe(ring.nodes * ring.steps);
        expect(reports.filter(({ kind }) => kind === 'step')).toHaveLength(ring.steps);
      },
    ),
    { numRuns: 300 },
  );
});

test('credit is only given where there is something to give', async () => {
  const { transmissions } = await runCostedRing({
    nodes: 3,
    microbatches: 6,
    window: 2,
    groups: [2],
  });
  const credits = transmissions.flatMap(({ message }) =>
    message.type === 'credit' ? [message] : [],
  );
  expect(credits.length).toBeGreaterThan(0);
  for (const { pass, upTo } of credits) {
    expect(pass).toBe(1);
    expect(upTo).toBeGreaterThan(2);
    expect(upTo).toBeLessThanOrEqual(6);
  }
});

test('the same simulation twice is the same', async () => {
  const ring = { nodes: 5, microbatches: 8, latencySeconds: 0.1, bytesPerSecond: 3000 };
  expect(await runCostedRing(ring)).toEqual(await runCostedRing(ring));
});
