import { expect, test } from 'vitest';

import type { Microbatch, Mode, Place } from '../node.ts';
import { nextWork } from './schedule.ts';
import { StageRun } from './stage-run.ts';

const payload = { bytes: 8 };

function stageRun(
  window: number,
  groups: readonly number[] = [],
  place: Place = 'inner',
): StageRun {
  return new StageRun({ place, from: 1, to: 2, window }, groups, false, 2);
}

const microbatch = (k: number, of: number, mode: Mode = 'train', pass = 1): Microbatch => ({
  pass,
  step: 0,
  mode,
  microbatch: k,
  of,
  rows: 4,
  position: 4 * k,
});

/** Takes in microbatch `k` and has it computed forward. */
function goForward(run: StageRun, k: number): void {
  expect(run.takeActivation(microbatch(k, run.of, run.mode, run.pass), payload)).toBe(true);
  run.computed.count(nextWork([run])!);
  run.putOut(microbatch(k, run.of, run.mode, run.pass), payload);
  expect(run.release()).toHaveLength(1);
}

function goBackward(run: StageRun, k: number): void {
  expect(run.takeGradient(run.pass, k, payload)).toBe(true);
  run.computed.count(nextWork([run])!);
}

test('activations come in order, of this pass, and only as far as credit reaches', () => {
  const run = stageRun(2);
  run.begin(1, 'train', 4);
  const refused = [
    microbatch(1, 4),
    microbatch(0, 4, 'train', 2),
    microbatch(0, 4, 'evaluate'),
    microbatch(0, 5),
  ];
  for (const of of refused) expect(run.takeActivation(of, payload)).toBe(false);
  expect(run.takeActivation(microbatch(0, 4), payload)).toBe(true);
  expect(run.takeActivation(microbatch(0, 4), payload)).toBe(false);
  expect(run.takeActivation(microbatch(1, 4), payload)).toBe(true);
  expect(run.takeActivation(microbatch(2, 4), payload)).toBe(false);
});

test('credit is given when a place is free: computed both ways, and the bytes have left', () => {
  const run = stageRun(1);
  run.begin(1, 'train', 3);
  expect(run.grant()).toBeUndefined();
  goForward(run, 0);
  goBackward(run, 0);
  expect(run.grant()).toBeUndefined();
  run.activationsLeft = 1;
  expect(run.grant()).toBeUndefined();
  run.gradientsLeft = 1;
  expect(run.grant()).toBe(2);
  expect(run.grant()).toBeUndefined();
  expect(run.takeActivation(microbatch(1, 3), payload)).toBe(true);
});

test('in an evaluation a place is free when the output has left, and credit ends with the pass', () => {
  const run = stageRun(1, [2]);
  run.begin(1, 'evaluate', 2);
  goForward(run, 0);
  run.activationsLeft = 1;
  expect(run.grant()).toBe(2);
  goForward(run, 1);
  run.activationsLeft = 2;
  expect(run.grant()).toBeUndefined();
  expect(run.complete).toBe(true);
});

test('gradients come in order, of microbatches that were sent on', () => {
  const run = stageRun(4);
  run.begin(1, 'train', 4);
  expect(run.takeGradient(1, 0, payload)).toBe(false);
  expect(run.takeActivation(microbatch(0, 4), payload)).toBe(true);
  run.computed.count(nextWork([run])!);
  expect(run.takeGradient(1, 0, payload)).toBe(false);
  run.putOut(microbatch(0, 4), payload);
  expect(run.release()).toHaveLength(1);
  goForward(run, 1);
  expect(run.takeGradient(1, 1, payload)).toBe(false);
  expect(run.takeGradient(2, 0, payload)).toBe(false);
  expect(run.takeGradient(1, 0, payload)).toBe(true);
  expect(run.takeGradient(1, 0, payload)).toBe(false);
  run.begin(2, 'evaluate', 1);
  goForward(run, 0);
  expect(run.takeGradient(2, 0, payload)).toBe(false);
});

test("outputs wait for the next stage's credit, of this pass", () => {
  const run = stageRun(4);
  run.begin(1, 'train', 4);
  for (const k of [0, 1, 2, 3]) run.putOut(microbatch(k, 4), payload);
  const released = (): number[] => run.release().map(({ of }) => of.microbatch);
  expect(released()).toEqual([0, 1]);
  expect(released()).toEqual([]);
  run.takeCredit(2, 4);
  expect(released()).toEqual([]);
  run.takeCredit(1, 3);
  expect(released()).toEqual([2]);
  run.takeCredit(1, 2);
  expect(released()).toEqual([]);
  run.takeCredit(1, 9);
  expect(released()).toEqual([3]);
});
