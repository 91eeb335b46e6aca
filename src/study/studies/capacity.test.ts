import { describe, expect, test } from 'vitest';

import { parametersOf } from '../capacity-series.ts';
import { parseDevices } from '../../lab/device.ts';
import { isCarriedOut } from '../search.ts';
import type { Condition, StudySetting, Trial } from '../study.ts';
import { planTrials } from '../trials.ts';
import { lossless } from './trial.fixture.ts';
import { capacity } from './capacity.ts';

const board = {
  name: 'pi-4b',
  coreFlops: 1e9,
  coreShare: 0.1,
  memoryBytes: 1e9,
  link: 'wired',
} as const;
const setting: StudySetting = { size: 'short', devices: parseDevices('4xpi-4b', () => board) };

/** Of so many million parameters, the largest that can be trained. */
const limits = { ring: 80e6, 'parameter-server': 20e6, 'parameter-server-colocated': 21e6 };

/** The trials that a study makes where models above these limits fail. */
function made(limitOf: (condition: Condition) => number): readonly Trial[] {
  const trials: Trial[] = [];
  for (const { condition, repeat, isMoot } of planTrials([capacity], setting, 3)) {
    if (isMoot?.(trials)) continue;
    const fits = parametersOf(condition.training) <= limitOf(condition);
    const failed = { kind: 'failed', code: 'NODE_LOST', reason: 'gone' } as const;
    trials.push(lossless(condition, repeat, fits ? undefined : failed));
  }
  return trials;
}

const limitOf = ({ variant: { architecture }, devices, workload }: Condition): number => {
  if (architecture === 'all-reduce') return 25e6;
  if (architecture !== 'ring') return limits[architecture as keyof typeof limits];
  return ((limits.ring * devices.length) / 4) * (workload.includes('Adam') ? 0.5 : 1);
};

describe('capacity', () => {
  test('finds the limits in few runs, each run once', async () => {
    const trials = made(limitOf);
    expect(trials.length).toBeLessThan(60);
    expect(new Set(trials.map(({ repeat }) => repeat))).toEqual(new Set([1]));
    const { verdict, effect, sentences } = await capacity.judge({ setting, trials });
    expect(verdict).toBe('held');
    expect(effect).toMatch(/has 7\d\.\d million parameters, 3\.\d times .* co-located servers/);
    expect(sentences.join(' ')).toContain('Adam makes the ring’s largest model');
  });

  test('does not hold where the ring is no larger', async () => {
    const trials = made((condition) => Math.min(52e6, limitOf(condition)));
    expect((await capacity.judge({ setting, trials })).verdict).toBe('not held');
  });

  test('is undecided without trials, or with some', async () => {
    expect((await capacity.judge({ setting, trials: [] })).verdict).toBe('undecided');
    const some = made(limitOf).slice(0, 3);
    expect((await capacity.judge({ setting, trials: some })).verdict).toBe('undecided');
  });

  test('a run that lost a node, or took more than there is, was not carried out', () => {
    const [condition] = capacity.conditions(setting);
    const trial = lossless(condition!, 1);
    const { outcome, place } = trial;
    if (outcome.kind !== 'finished') throw new Error('it is finished');
    const { run } = outcome;
    expect(isCarriedOut(trial)).toBe(true);
    const lost = { kind: 'lost', node: 'worker-1', seconds: 1 } as const;
    const disturbed = { kind: 'finished', run: { ...run, disturbances: [lost] } } as const;
    expect(isCarriedOut({ ...trial, outcome: disturbed })).toBe(false);
    const nodes = run.nodes.map((node) => ({ ...node, peakMemoryBytes: 2e9 }));
    const large = { ...trial, outcome: { kind: 'finished', run: { ...run, nodes } } } as const;
    expect(isCarriedOut(large)).toBe(true);
    expect(isCarriedOut({ ...large, place: { ...place, kind: 'processes' } })).toBe(false);
  });
});
