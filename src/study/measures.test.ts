import { expect, test } from 'vitest';

import { joulesPart, joulesToTarget, portBytes, sentBytes } from './measures.ts';
import type { Run } from './results.ts';

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

test('what a server carries is told by the steps of its workers, however it counts its own', () => {
  const node = (role: string, steps: number, bytes: number) => ({
    role,
    figures: { wallSeconds: 10, steps, sent: { any: { messages: 1, bytes } }, received: {} },
  });
  const nodes = [node('master', 2, 20), node('worker', 2, 20), node('server', 4, 60)];
  const asynchronous = { nodes } as unknown as Run;
  expect(portBytes(asynchronous)).toBe(30);
  expect(sentBytes(asynchronous)).toBe(50);
});
