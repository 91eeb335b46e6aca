// How runs end before their time, in simulated rings: who is named, what is saved, what is dropped.

import { expect, test } from 'vitest';

import type { Event, NodeId, Report, Work } from '../../src/node.ts';
import { runCostedRing } from './costed-ring.ts';

const lost = (node: NodeId): Event => ({ type: 'unlinked', node, reason: 'the link broke' });
const steps = (reports: readonly Report[]): number[] =>
  reports.flatMap((report) => (report.kind === 'step' ? [report.step] : []));
const saved = (reports: readonly Report[]): number[] =>
  reports.flatMap((report) => (report.kind === 'saved' ? [report.step] : []));

/** Two steps of 24 seconds each. */
const ring = { nodes: 2, microbatches: 4, steps: 2 };

test('stopped in mid-pass, the step is dropped and the last committed one saved', async () => {
  const at = [{ seconds: 30, node: 'master', event: { type: 'stop' } as const }];
  const { reports, ends, spans, store } = await runCostedRing({ ...ring, at });
  expect(steps(reports)).toEqual([1]);
  expect(saved(reports)).toEqual([1]);
  expect([...store.keys()]).toEqual([0, 1, 2]);
  expect(spans.filter(({ work }) => work.kind === 'update')).toHaveLength(ring.nodes);
  const error = { code: 'INTERRUPTED', reason: 'the run was stopped by its user' };
  for (const node of ['master', 'worker-1']) expect(ends.get(node)).toEqual({ type: 'end', error });
});

test('stopped again, it waits for nothing', async () => {
  const stop = { node: 'master', event: { type: 'stop' } } as const;
  const at = [30, 30].map((seconds) => ({ seconds, ...stop }));
  const { reports, ends } = await runCostedRing({ ...ring, latencySeconds: 1, at });
  expect(saved(reports)).toEqual([]);
  expect(ends.get('master')?.error?.code).toBe('INTERRUPTED');
  expect(ends.size).toBe(2);
});

test('a loss that is no number ends the run before the update, with the step before saved', async () => {
  const { reports, ends, spans } = await runCostedRing({
    ...ring,
    answer: (work, result) => (isSecondLoss(work) ? { ...result, loss: NaN } : result),
  });
  expect(steps(reports)).toEqual([1]);
  expect(saved(reports)).toEqual([1]);
  expect(spans.filter(({ work }) => work.kind === 'update')).toHaveLength(ring.nodes);
  expect(ends.get('worker-1')?.error).toEqual(ends.get('master')?.error);
  expect(ends.get('master')?.error).toEqual({
    code: 'NOT_FINITE',
    reason: expect.stringContaining('the loss is NaN in step 2, so that step was not done'),
  });
});

const isSecondLoss = (work: Work): boolean => work.kind === 'loss' && work.of.step === 1;

test('a gradient that is no number likewise, wherever it is', async () => {
  const { reports, ends } = await runCostedRing({
    ...ring,
    answer: (work, result) =>
      work.kind === 'norms' && work.place === 'inner' ? { squaredNorms: [Infinity] } : result,
  });
  expect(steps(reports)).toEqual([]);
  expect(ends.get('master')?.error).toEqual({
    code: 'NOT_FINITE',
    reason: expect.stringContaining('the gradient of layer 1 is not a finite number in step 1'),
  });
});

test('a save that falls due right after a checkpoint does nothing', async () => {
  const save = { node: 'master', event: { type: 'save' } } as const;
  const at = (...seconds: number[]) => seconds.map((second) => ({ seconds: second, ...save }));
  const { reports } = await runCostedRing({ ...ring, at: at(10) });
  expect(saved(reports)).toEqual([1, 2]);
  const again = await runCostedRing({ ...ring, at: at(10, 24) });
  expect(saved(again.reports)).toEqual([1, 2]);
});

test.each([['worker-1'], ['worker-3']])(
  'a worker that is gone is the one that is named, though %s is the first to tell',
  async (witness) => {
    const at = [
      { seconds: 9, node: witness, event: lost('worker-2') },
      { seconds: 30, node: 'master', event: lost('worker-2') },
    ];
    const { ends } = await runCostedRing({ nodes: 4, microbatches: 4, latencySeconds: 0.1, at });
    const error = { code: 'NODE_LOST', reason: 'worker-2 is gone: the link broke' };
    for (const node of ['master', 'worker-1', 'worker-3'])
      expect(ends.get(node)?.error).toEqual(error);
  },
);

test('a worker that fails is not taken for one that is gone', async () => {
  // Its neighbours are close by, the master far away: their word would come first.
  const far = (from: NodeId, to: NodeId): number => ([from, to].includes('master') ? 3 : 0.01);
  const failed = { type: 'failed', code: 'ENGINE', reason: 'out of memory' } as const;
  const { ends } = await runCostedRing({
    nodes: 3,
    microbatches: 4,
    latency: far,
    at: [{ seconds: 20, node: 'worker-1', event: failed }],
  });
  expect(ends.get('worker-1')?.error).toEqual({ code: 'ENGINE', reason: 'out of memory' });
  const error = { code: 'ENGINE', reason: 'worker-1: out of memory' };
  for (const node of ['master', 'worker-2']) expect(ends.get(node)?.error).toEqual(error);
});

test('a checkpoint holds the update, however long the commit takes round the ring', async () => {
  const slow = (from: NodeId, to: NodeId): number =>
    from === 'worker-1' && to === 'worker-2' ? 50 : 0.01;
  const { spans, reports } = await runCostedRing({ nodes: 3, microbatches: 2, latency: slow });
  expect(saved(reports)).toEqual([1]);
  const works = spans.flatMap(({ node, work }) => (node === 'worker-2' ? [work.kind] : []));
  expect(works.slice(-2)).toEqual(['update', 'read']);
});
