import { expect, test } from 'vitest';

import { clockOffset } from './clock.ts';
import { Meter } from './fold.ts';
import { parseRecording } from './recording.ts';
import type { BusyKind, Entry, IdleCause } from './timeline.ts';
import { toTrace } from './trace.ts';

const compute = (kind: BusyKind, start: number, end: number): Entry => ({
  type: 'compute',
  kind,
  label: kind,
  start,
  end,
});
const wait = (cause: IdleCause, at: number): Entry => ({ type: 'wait', cause, at });
const commit = (step: number, at: number): Entry => ({ type: 'commit', step, at });

const figuresOf = (entries: readonly Entry[]): Meter['figures'] => {
  const meter = new Meter();
  for (const entry of entries) meter.add(entry);
  return meter.figures;
};

test('from commit to commit, busy and idle make up the wall time', () => {
  const figures = figuresOf([
    compute('forward', 0, 4),
    commit(1, 5),
    wait('input', 5),
    compute('forward', 6, 8),
    wait('gradient', 8),
    compute('backward', 11, 12),
    compute('weights', 12, 13),
    wait('parameters', 13),
    commit(2, 15),
    compute('forward', 15, 99),
  ]);
  expect(figures.wallSeconds).toBe(10);
  expect(figures.steps).toBe(1);
  expect(figures.busySeconds).toEqual({
    forward: 2,

    backward: 1,
    weights: 1,
    update: 0,
    other: 0,
  });
  expect(figures.idleSeconds).toEqual({
    input: 1,
    gradient: 3,
    parameters: 2,
    link: 0,
    node: 0,
    start: 0,
    end: 0,
  });
  expect(figures.idleShare).toBeCloseTo(0.6, 12);
});

test('what is computed after the last commit counts for nothing yet', () => {
  const before = [commit(1, 0), compute('forward', 0, 1), commit(2, 2)];
  expect(figuresOf([...before, compute('forward', 2, 3), wait('link', 3)])).toEqual(
    figuresOf(before),
  );
});

test('an engine that computes all the time is never idle', () => {
  const figures = figuresOf([
    commit(1, 1),
    compute('forward', 1, 2),
    compute('backward', 2, 4),
    commit(2, 4),
  ]);
  expect(figures.idleShare).toBe(0);
  expect(Object.values(figures.idleSeconds).every((seconds) => seconds === 0)).toBe(true);
});

test('traffic is counted by kind and by link, both ways', () => {
  const figures = figuresOf([
    commit(1, 0),
    { type: 'send', to: 'b', message: 'activation', bytes: 10, start: 0, end: 1 },
    { type: 'send', to: 'b', message: 'activation', bytes: 20, start: 1, end: 2 },
    { type: 'receive', from: 'b', message: 'gradient', bytes: 5, at: 2 },
    { type: 'serialise', seconds: 0.25, at: 2 },
    commit(2, 3),
  ]);
  expect(figures.sent).toEqual({ activation: { messages: 2, bytes: 30 } });
  expect(figures.received).toEqual({ gradient: { messages: 1, bytes: 5 } });
  expect(figures.bytesByLink).toEqual({ b: 35 });
  expect(figures.serialiseSeconds).toBe(0.25);
});

test('until a node says why it waits, its engine waits for the node', () => {
  const figures = figuresOf([
    commit(1, 0),
    compute('forward', 0, 1),
    wait('gradient', 3),
    compute('backward', 4, 5),
    commit(2, 6),
  ]);
  expect(figures.idleSeconds).toMatchObject({ node: 3, gradient: 1 });
});

test('testing and saving between two commits are in no figure', () => {
  const send = (at: number): Entry => ({
    type: 'send',
    to: 'b',
    message: 'activation',
    bytes: 10,
    start: at,
    end: at,
  });
  const figures = figuresOf([
    commit(1, 0),
    compute('forward', 0, 2),
    commit(2, 3),
    // The update is still under way when the first work of the test is given.
    { type: 'pause', at: 4 },
    compute('update', 3, 5),
    compute('forward', 5, 20),
    send(20),
    wait('input', 20),
    { type: 'resume', at: 30 },
    compute('forward', 31, 33),
    send(33),
    commit(3, 34),
  ]);
  expect(figures).toMatchObject({ wallSeconds: 8, pausedSeconds: 26, steps: 2 });
  expect(figures.busySeconds).toMatchObject({ forward: 4, update: 1 });
  expect(figures.idleSeconds).toMatchObject({ input: 1, node: 2 });
  expect(figures.sent).toEqual({ activation: { messages: 1, bytes: 10 } });
  const idle = Object.values(figures.idleSeconds).reduce((a, b) => a + b, 0);
  expect(idle / figures.wallSeconds).toBeCloseTo(figures.idleShare, 12);
});

test('a worker that hears of a test before its own commit loses nothing of the step', () => {
  const figures = figuresOf([
    commit(1, 0),
    compute('forward', 0, 2),
    { type: 'pause', at: 3 },
    commit(2, 4),
    { type: 'resume', at: 10 },
    compute('forward', 10, 12),
    commit(3, 13),
  ]);
  expect(figures).toMatchObject({ wallSeconds: 6, pausedSeconds: 7, steps: 2 });
});

test('a step that is done again, and what was under way before, is computed for nothing', () => {
  const figures = figuresOf([
    commit(1, 0),
    compute('forward', 0, 1),
    commit(2, 1),
    compute('forward', 1, 4),
    { type: 'abandon', at: 5 },
    compute('forward', 5, 6),
    commit(2, 6),
    compute('forward', 6, 7),
    commit(3, 7),
  ]);
  expect(figures).toMatchObject({ steps: 2, thrownAwaySeconds: 4 });
});

test('of what was computed for a server, the share of stale pushes was on stale weights', () => {
  const answer = (staleness: number, at: number): Entry => ({ type: 'answer', staleness, at });
  const figures = figuresOf([
    commit(1, 0),
    compute('forward', 0, 2),
    compute('backward', 2, 4),
    compute('update', 4, 8),
    answer(0, 8),
    answer(3, 8),
    answer(1, 8),
    answer(0, 8),
    commit(2, 9),
  ]);
  expect(figures).toMatchObject({ pushes: 4, stalePushes: 2, staleSeconds: 2 });
});

test('a run without two commits has no figures', () => {
  expect(figuresOf([compute('forward', 0, 1)])).toMatchObject({
    wallSeconds: 0,
    steps: 0,
    idleShare: 0,
  });
});

test('the offset of a clock is within half of the shortest round trip', () => {
  const offset = 40;
  const exchange = (
    sent: number,
    there: number,
    back: number,
    held = 0.5,
  ): Parameters<typeof clockOffset>[0][0] => ({
    sent,
    receivedThere: sent + there + offset,
    answeredThere: sent + there + held + offset,
    received: sent + there + held + back,
  });
  const estimate = clockOffset([exchange(0, 3, 1), exchange(10, 0.2, 0.1), exchange(20, 2, 2)])!;
  expect(estimate.errorSeconds).toBeCloseTo(0.15, 9);
  expect(Math.abs(estimate.seconds - offset)).toBeLessThanOrEqual(estimate.errorSeconds);
  expect(clockOffset([])).toBeUndefined();
});

test('a trace has a process a node, its engine, its waits and its links on one clock', () => {
  const { traceEvents } = toTrace([
    {
      node: 'master',
      entries: [compute('forward', 1, 2), commit(1, 2)],
      offsetSeconds: 0,
      errorSeconds: 0,
    },
    {
      node: 'worker-1',
      entries: [
        wait('input', 11),
        compute('backward', 12, 12.5),
        { type: 'send', to: 'master', message: 'gradient', bytes: 8, start: 12.5, end: 13 },
      ],
      offsetSeconds: -10,
      errorSeconds: 0.001,
    },
  ]);
  const spans = traceEvents
    .filter(({ ph }) => ph === 'X')
    .map(({ name, pid, ts, dur }) => [name, pid, ts, dur]);
  expect(spans).toEqual([
    ['forward', 1, 1e6, 1e6],
    ['input', 2, 1e6, 1e6],
    ['backward', 2, 2e6, 5e5],
    ['gradient', 2, 2.5e6, 5e5],
  ]);
  const names = traceEvents.filter(({ ph }) => ph === 'M').map(({ args }) => args!['name']);
  expect(names).toEqual([
    'master',
    'engine',
    'waits for',
    'worker-1 (clock ±1.00 ms)',
    'engine',
    'waits for',
    'link to master',
  ]);
});

test('a recording survives the wire, and nonsense is refused', () => {
  const entries: Entry[] = [
    commit(1, 0),
    compute('weights', 0, 1),
    wait('link', 1),
    { type: 'send', to: 'b', message: 'activation', bytes: 10, start: 0, end: 1 },
    { type: 'receive', from: 'b', message: 'gradient', bytes: 5, at: 2 },
    { type: 'serialise', seconds: 0.25, at: 2 },
    commit(2, 3),
    { type: 'pause', at: 3 },
    { type: 'resume', at: 4 },
    { type: 'answer', staleness: 1, at: 4 },
  ];
  const usage = { peakMemoryBytes: 1, tensorBytes: 1, cpuSeconds: 0.5, throttledSeconds: 0.25 };
  const energy = { kind: 'measured', source: 'hwmon ina219', total: 3, seconds: 1 };
  const recording = { figures: figuresOf(entries), usage, energy, entries };
  expect(parseRecording(JSON.parse(JSON.stringify(recording)), 'attic')).toEqual(recording);
  for (const bad of [
    null,
    {},
    { ...recording, entries: [{ type: 'boil' }] },
    { ...recording, figures: { steps: -1 } },
  ])
    expect(() => parseRecording(bad, 'attic')).toThrow(
      expect.objectContaining({ code: 'PROTOCOL' }),
    );
});
