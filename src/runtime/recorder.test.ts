import { expect, test } from 'vitest';

import type { Microbatch, Work } from '../node.ts';
import { Recorder } from './recorder.ts';

const microbatch = (mode: 'train' | 'evaluate'): Microbatch => ({
  pass: 1,
  step: 0,
  mode,
  microbatch: 0,
  of: 1,
  rows: 4,
  position: 0,
});
const forward = (mode: 'train' | 'evaluate'): Work => ({
  kind: 'forward',
  place: 'opening',
  of: microbatch(mode),
});
const prepare: Work = { kind: 'prepare', training: {}, purpose: 'train', stages: [] };

/** A device whose clock, engine and memory stand where the test says. */
function device() {
  const state = { now: 0, busy: 0, tensors: 0 };
  const recorder = new Recorder({
    now: () => state.now,
    busySeconds: () => state.busy,
    tensorBytes: () => state.tensors,
    usage: () => ({ peakMemoryBytes: 9, cpuSeconds: 1 }),
  });
  recorder.keepsEntries = true;
  const compute = (work: Work, seconds: number): void => {
    recorder.given(work);
    state.now += seconds;
    state.busy += seconds;
    recorder.computed(work);
  };
  return { state, recorder, compute };
}

test('a test of the model is left out, and others are told when it begins and ends', () => {
  const { state, recorder, compute } = device();
  const told: unknown[] = [];
  recorder.onPause = (isPaused) => told.push([isPaused, state.now]);
  compute(forward('train'), 1);
  recorder.committed(1);
  compute(forward('train'), 1);
  recorder.committed(2);
  compute(forward('evaluate'), 5);
  compute({ kind: 'assemble', layer: 0, pieces: [] }, 5);
  compute(forward('train'), 1);
  recorder.committed(3);
  const { figures } = recorder.recording;
  expect(told).toEqual([
    [true, 2],
    [false, 12],
  ]);
  expect(figures).toMatchObject({ wallSeconds: 2, pausedSeconds: 10, steps: 2, idleShare: 0 });
});

test('a node that has no part in the test is paused by word of the master', () => {
  const { state, recorder, compute } = device();
  recorder.committed(1);
  recorder.pause(true);
  state.now = 10;
  recorder.pause(false);
  recorder.pause(false);
  compute(forward('train'), 1);
  recorder.committed(2);
  expect(recorder.recording.figures).toMatchObject({ wallSeconds: 1, pausedSeconds: 10 });
});

test('what is measured besides begins with the first commit and stands still in pauses', () => {
  const { recorder, compute } = device();
  const measuring: boolean[] = [];
  recorder.onMeasuring = (isMeasuring) => measuring.push(isMeasuring);
  compute(forward('evaluate'), 1);
  compute(forward('train'), 1);
  expect(measuring).toEqual([]);
  recorder.committed(1);
  recorder.committed(2);
  compute({ kind: 'surrender', layer: 0 }, 1);
  compute(forward('train'), 1);
  expect(measuring).toEqual([true, false, true]);
});

test('to be formed anew after a commit means that what was under way is lost', () => {
  const { recorder, compute } = device();
  compute(prepare, 1);
  recorder.committed(1);
  compute(forward('train'), 2);
  compute(prepare, 1);
  compute(forward('train'), 2);
  recorder.committed(2);
  expect(recorder.recording.figures.thrownAwaySeconds).toBe(2);
});

test('the memory of tensors is that of their peak', () => {
  const { state, recorder, compute } = device();
  state.tensors = 700;
  compute(forward('train'), 1);
  state.tensors = 100;
  compute(forward('train'), 1);
  expect(recorder.recording.usage).toEqual({
    peakMemoryBytes: 9,
    cpuSeconds: 1,
    tensorBytes: 700,
  });
});
