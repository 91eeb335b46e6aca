import { expect, test } from 'vitest';

import { joulesPart, joulesToTarget, sentBytes, transferSeconds } from './measures.ts';
import type { Run } from './results.ts';
import type { FinishedTrial } from './trials.ts';

const report = { kind: 'modelled', source: 'test', seconds: 1 } as const;

/** Two devices, 30 J and 10 J, over 20 samples. */
const run = {
  joulesPerSample: 2,
  secondsToTarget: 2.5,
  steps: [1, 2, 3].map((step) => ({ step, samples: 10 * step, seconds: step, loss: 1 })),
  nodes: [
    { energy: { ...report, total: 30, floorJoules: 20, marginalJoules: 10, radioJoules: 1 } },
    { energy: { ...report, total: 10, floorJoules: 10, marginalJoules: 0 } },
  ],
} as unknown as Run;

test('the parts of a sample’s joules are those of all devices', () => {
  expect(joulesPart(run, 'floorJoules')).toBeCloseTo(1.5, 12);
  expect(joulesPart(run, 'marginalJoules')).toBeCloseTo(0.5, 12);
});

test('a part that one source cannot tell is told of none', () => {
  expect(joulesPart(run, 'radioJoules')).toBeUndefined();
  const { joulesPerSample: _, ...without } = run;
  expect(joulesPart(without, 'floorJoules')).toBeUndefined();
});

test('joules to the target are those of the samples until then, testing left out', () => {
  expect(joulesToTarget(run)).toBe(40);
  const { secondsToTarget: _, ...never } = run;
  expect(joulesToTarget(never)).toBeUndefined();
});

const node = (role: string, steps: number, sent: number, received = 0) => ({
  role,
  figures: {
    wallSeconds: 10,
    steps,
    sent: { any: { messages: 1, bytes: sent } },
    received: { any: { messages: 1, bytes: received } },
  },
});

/** A step of 5 s over links of 8 bits a second. */
const trialIn = (kind: 'lab' | 'processes', nodes: readonly object[], link = 'wired') =>
  ({
    outcome: { run: { nodes } },
    place: { kind, scale: 1 },
    condition: { devices: [{ link: { kind: link, bitsPerSecond: 8, latencySeconds: 0 } }] },
  }) as unknown as FinishedTrial;

test('what a server carries is told by the steps of its workers, however it counts its own', () => {
  const nodes = [node('master', 2, 20), node('worker', 2, 20), node('server', 4, 60)];
  const asynchronous = trialIn('processes', nodes);
  expect(transferSeconds(asynchronous)).toBe(30);
  expect(sentBytes(asynchronous.outcome.run)).toBe(50);
});

test('a lab’s link carries headers, too, and acknowledgements of what comes the other way', () => {
  const nodes = [node('master', 2, 2 * 1448, 4 * 1448)];
  expect(transferSeconds(trialIn('processes', nodes))).toBe(2 * 1448);
  expect(transferSeconds(trialIn('lab', nodes))).toBeCloseTo(2 * 1514 + 0.5 * 66, 9);
});

test('over one medium each frame goes twice, and so does what acknowledges it', () => {
  const nodes = [node('master', 2, 2 * 1448), node('worker', 2, 0, 2 * 1448)];
  expect(transferSeconds(trialIn('lab', nodes, 'wifi'))).toBeCloseTo(2 * (1514 + 33), 9);
});
