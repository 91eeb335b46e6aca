import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { Meter } from '../meter/fold.ts';
import type { Entry } from '../meter/timeline.ts';
import { figuresLines } from './figures-table.ts';
import { gatherRecordings } from './node-recording.ts';
import { requireTrace, writeTrace } from './trace-file.ts';

const entries: readonly Entry[] = [
  { type: 'commit', step: 1, at: 10 },
  { type: 'compute', kind: 'forward', label: 'F0', start: 10, end: 11 },
  { type: 'wait', cause: 'gradient', at: 11 },
  { type: 'send', to: 'worker-1', message: 'activation', bytes: 2500, start: 11, end: 12 },
  { type: 'commit', step: 2, at: 14 },
];

const recordingOf = (entries: readonly Entry[]) => {
  const meter = new Meter();
  for (const entry of entries) meter.add(entry);
  const usage = { peakMemoryBytes: 1, tensorBytes: 1, cpuSeconds: 1 };
  return { figures: meter.figures, usage, entries };
};

const peer = (recording: unknown) => ({
  node: 'worker-1',
  recording,
  offset: { seconds: 3, errorSeconds: 0.001 },
});

test('a line a node says how idle it was and why', () => {
  const wire = JSON.parse(JSON.stringify(recordingOf(entries)));
  const recordings = gatherRecordings(recordingOf(entries), [peer(wire)]);
  expect(figuresLines(recordings)).toEqual([
    'node         idle  mostly waited for     sent a step  received a step  peak tensors',
    'master    75.00 %  a gradient (75.00 %)       2.5 kB              0 B           1 B',
    'worker-1  75.00 %  a gradient (75.00 %)       2.5 kB              0 B           1 B',
  ]);
  expect(recordings[1]).toMatchObject({ offsetSeconds: -3, errorSeconds: 0.001 });
});

test('a worker whose figures make no sense is left out, and too few steps give no table', () => {
  expect(gatherRecordings(recordingOf(entries), [peer({ figures: 1 })])).toHaveLength(1);
  expect(figuresLines(gatherRecordings(recordingOf(entries.slice(0, 2)), []))).toEqual([]);
});

test('a trace is written whole or not at all', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ringtmp-trace-'));
  const path = join(folder, 'trace.json');
  await writeTrace(path, gatherRecordings(recordingOf(entries), []));
  const { traceEvents } = JSON.parse(await readFile(path, 'utf8')) as { traceEvents: object[] };
  expect(traceEvents).toContainEqual(expect.objectContaining({ name: 'F0', ph: 'X', dur: 1e6 }));
  expect(await readdir(folder)).toEqual(['trace.json']);
  await expect(writeTrace(join(folder, 'none', 'x.json'), [])).rejects.toMatchObject({
    code: 'STORE',
  });
  for (const bad of [folder, join(folder, 'none', 'x.json')])
    expect(() => requireTrace(bad)).toThrow(expect.objectContaining({ code: 'STORE' }));
  requireTrace(join(folder, 'later.json'));
  expect(await readdir(folder)).toEqual(['trace.json']);
  await rm(folder, { recursive: true });
});
