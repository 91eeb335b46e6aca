import { describe, expect, test } from 'vitest';

import { variants } from './study.ts';
import type { Condition, Study, StudySetting, Trial } from './study.ts';
import { areAlike, identityOf, pairs, planTrials, trialsOf } from './trials.ts';
import type { FinishedTrial } from './trials.ts';

const device = {
  board: 'pi-4b',
  memoryBytes: 1e9,
  link: { kind: 'wired', bitsPerSecond: 20e6, latencySeconds: 0 },
} as const;
const setting: StudySetting = { size: 'tiny', devices: [device, device] };

const condition = (changes: Partial<Condition> = {}): Condition => ({
  workload: 'dense',
  training: { batch: 8, model: [] },
  variant: variants.ring,
  devices: setting.devices,
  ...changes,
});

const studyOf = (name: 'idle' | 'energy', ...conditions: readonly Condition[]): Study => ({
  name,
  title: name,
  question: '?',
  hypothesis: '.',
  method: () => '',
  conditions: () => conditions,
  judge: () => ({ verdict: 'undecided', effect: '', sentences: [], exhibits: [] }),
});

const [ring, bsp, async] = [variants.ring, variants.bsp, variants.async].map((variant) =>
  condition({ variant }),
) as [Condition, Condition, Condition];

describe('the order of trials', () => {
  test('is whole repeats, in each of which another variant comes first', () => {
    const planned = planTrials([studyOf('idle', ring, bsp, async)], setting, 3);
    expect(planned.map(({ condition: { variant }, repeat }) => [repeat, variant])).toEqual([
      ...[ring, bsp, async].map(({ variant }) => [1, variant]),
      ...[bsp, async, ring].map(({ variant }) => [2, variant]),
      ...[async, ring, bsp].map(({ variant }) => [3, variant]),
    ]);
  });

  test('has a condition once that two studies ask for, as often as the one that wants it most', () => {
    const planned = planTrials(
      [studyOf('idle', { ...ring, repeats: 1 }), studyOf('energy', ring)],
      setting,
      2,
    );
    expect(planned.map(({ repeat }) => repeat)).toEqual([1, 2]);
  });

  test('has a condition no oftener than it wants', () => {
    const planned = planTrials([studyOf('idle', ring, { ...bsp, repeats: 1 })], setting, 3);
    expect(planned).toHaveLength(4);
  });
});

describe('two conditions', () => {
  test('are alike whatever the order of their keys and how often they are wanted', () => {
    const turned = Object.fromEntries(Object.entries(ring).toReversed()) as unknown as Condition;
    expect(areAlike(ring, { ...turned, repeats: 1 })).toBe(true);
    expect(identityOf({ condition: turned, repeat: 2 })).toBe(
      identityOf({ condition: ring, repeat: 2 }),
    );
  });

  test('differ in anything that can matter', () => {
    expect(areAlike(ring, bsp)).toBe(false);
    expect(areAlike(ring, condition({ training: { batch: 9, model: [] } }))).toBe(false);
    expect(areAlike(ring, condition({ devices: [device] }))).toBe(false);
  });
});

const trial = (of: Condition, repeat: number, seconds: number): FinishedTrial =>
  ({
    condition: of,
    repeat,
    place: { kind: 'lab', description: '', scale: 1 },
    outcome: { kind: 'finished', run: { seconds } },
  }) as unknown as FinishedTrial;

test('a study is given the trials it asked for, and no others', () => {
  const trials: readonly Trial[] = [trial(ring, 1, 1), trial(bsp, 1, 2), trial(ring, 2, 3)];
  expect(trialsOf(studyOf('idle', ring), setting, trials)).toEqual([trials[0], trials[2]]);
});

test('pairs are of one repeat; what has no partner is left out', () => {
  const seconds = ({ outcome }: FinishedTrial): number => outcome.run.seconds;
  const first = [trial(ring, 1, 1), trial(ring, 2, 2), trial(ring, 3, 3)];
  const second = [trial(bsp, 3, 30), trial(bsp, 1, 10)];
  expect(pairs(first, second, seconds)).toEqual({ a: [1, 3], b: [10, 30] });
});
