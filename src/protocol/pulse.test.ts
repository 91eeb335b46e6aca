import { expect, test } from 'vitest';

import { Pulse, ticksPerSecond } from './pulse.ts';

/** Ticks of silence until the other side counts as gone, after it was heard every `gap` ticks. */
function patienceAfter(gap: number, times = 50): number {
  const pulse = new Pulse();
  for (let heard = 1; heard <= times; heard += 1)
    for (let tick = 0; tick < gap; tick += 1) expect(pulse.tick(heard)).not.toBe('gone');
  let silence = 0;
  do silence += 1;
  while (pulse.tick(times) !== 'gone');
  return silence + gap - 1;
}

test('patience follows from the gaps that are usual, between 7 and 9 s', () => {
  expect(patienceAfter(1)).toBe(7 * ticksPerSecond);
  expect(patienceAfter(4)).toBe(7 * ticksPerSecond);
  const irregular = new Pulse();
  for (let k = 1; k < 100; k += 1)
    for (let tick = 0; tick < (k % 3 === 0 ? 27 : 1); tick += 1) irregular.tick(k);
  expect(irregular.patience).toBe(9 * ticksPerSecond);
});

test('who listens to nothing doubts nobody, and begins anew when it listens', () => {
  const pulse = new Pulse();
  for (let tick = 0; tick < 1000; tick += 1) expect(pulse.tick(undefined)).not.toBe('gone');
  for (let tick = 0; tick < 7 * ticksPerSecond; tick += 1) expect(pulse.tick(5)).not.toBe('gone');
  expect(pulse.tick(5)).toBe('gone');
});

test('a sign of life is due a second after anything was sent', () => {
  const pulse = new Pulse();
  const due = (ticks: number): (string | undefined)[] =>
    Array.from({ length: ticks }, (_, heard) => pulse.tick(heard));
  expect(due(4)).toEqual([undefined, undefined, undefined, 'say']);
  pulse.said();
  expect(due(4)).toEqual([undefined, undefined, undefined, 'say']);
});
