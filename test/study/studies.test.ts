// Every study without running anything: that its conditions are trainings that can be run, that it judges whatever
// trials there are, and that a page can be made of it.

import { describe, expect, test } from 'vitest';

import { parseTraining } from '../../src/model/training.ts';
import { renderStudies } from '../../src/study/report/study-page.ts';
import { studies } from '../../src/study/studies/index.ts';
import { studyNames, studySizes } from '../../src/study/study.ts';
import type { Condition, StudySetting, Trial } from '../../src/study/study.ts';
import { identityOf, planTrials, trialsOf } from '../../src/study/trials.ts';
import { exampleComparison } from './fixture.ts';

const device = {
  board: 'pi-4b',
  memoryBytes: 1e9,
  link: { kind: 'wired', bitsPerSecond: 20e6, latencySeconds: 0 },
} as const;
const settingOf = (size: StudySetting['size']): StudySetting => ({
  size,
  devices: Array.from({ length: size === 'tiny' ? 2 : 4 }, () => device),
});
const real: StudySetting = {
  ...settingOf('short'),
  devices: settingOf('short').devices.map((each) => ({
    ...each,
    link: { ...each.link, bitsPerSecond: 0 },
  })),
  isReal: true,
};

const { machine, runs } = await exampleComparison(3);

/** As if the condition had been run: by the run of its architecture in a comparison. */
function trialOf(condition: Condition, repeat: number): Trial | undefined {
  const { architecture, consistency } = condition.variant;
  const run = runs.find(
    (each) => each.architecture === architecture && each.repeat === Math.min(repeat, 3),
  );
  return (
    run && {
      condition,
      repeat,
      place: { kind: 'lab', description: '4 emulated devices', scale: 0.5 },
      outcome: {
        kind: 'finished',
        run: { ...run, ...(consistency !== undefined && { consistency }), repeat },
      },
    }
  );
}

test('stand in the order in which they are reported', () => {
  const names = studies.map(({ name }) => name);
  expect(names).toEqual(studyNames.filter((name) => names.includes(name)));
});

describe.each(studies.map((study) => [study.name, study] as const))('%s', (_, study) => {
  const settings = [...studySizes.map(settingOf), real];

  test('asks for trainings that there are', () => {
    for (const setting of settings)
      for (const { training, devices } of study.conditions(setting)) {
        parseTraining(training, study.name);
        expect(devices.length).toBeGreaterThan(0);
        const most = setting.isReal ? setting.devices.length : Infinity;
        expect(devices.length).toBeLessThanOrEqual(most);
      }
  });

  test('asks for the same each time', () => {
    const ids = (): string[] =>
      study.conditions(settingOf('short')).map((condition) => identityOf({ condition, repeat: 1 }));
    expect(ids()).toEqual(ids());
  });

  test('without trials is undecided', async () => {
    const { verdict } = await study.judge({ setting: settingOf('short'), trials: [] });
    expect(verdict).toBe('undecided');
  });

  test('where every run failed is judged all the same', async () => {
    const setting = settingOf('short');
    const trials = study.conditions(setting).map((condition): Trial => ({
      condition,
      repeat: 1,
      place: { kind: 'lab', description: '', scale: 1 },
      outcome: { kind: 'failed', code: 'MEMORY', reason: 'it does not fit' },
    }));
    expect((await study.judge({ setting, trials })).verdict).toMatch(/held|undecided/);
  });
});

test('many together make a page, complete or not', async () => {
  const setting = settingOf('short');
  // Scaling simulates a thousand devices to judge, which takes its time.
  const quick = studies.filter(({ name }) => name !== 'scaling');
  const requests = planTrials(quick, setting, 2);
  const all = requests.flatMap(({ condition, repeat }) => trialOf(condition, repeat) ?? []);
  for (const trials of [all, []]) {
    const chapters = [];
    for (const study of quick) {
      const own = trialsOf(study, setting, trials);
      chapters.push({ study, findings: await study.judge({ setting, trials: own }) });
    }
    const page = renderStudies({
      size: 'short',
      setting,
      machine,
      reported: '2026-01-31T12:00:00.000Z',
      repeats: 2,
      trials,
      missing: requests.length - trials.length,
      chapters,
    });
    expect(page.match(/.{0,40}(?:<script|\bundefined\b|\bNaN\b|Infinity).{0,20}/g)).toBeNull();
    for (const { name } of quick) expect(page).toContain(`id="${name}"`);
  }
});
