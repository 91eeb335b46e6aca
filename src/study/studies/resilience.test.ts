import { describe, expect, test } from 'vitest';

import { parseDevices } from '../../lab/device.ts';
import type { Disturbance } from '../faults.ts';
import { replayedSteps, stallSeconds } from '../recovery.ts';
import type { Run } from '../results.ts';
import type { Condition, StudySetting, Trial } from '../study.ts';
import { isFinished, planTrials } from '../trials.ts';
import { lossless } from './trial.fixture.ts';
import { resilience } from './resilience.ts';

const board = {
  name: 'pi-4b',
  coreFlops: 1e9,
  coreShare: 0.1,
  memoryBytes: 1e9,
  link: 'wired',
} as const;
const setting: StudySetting = { size: 'short', devices: parseDevices('4xpi-4b', () => board) };

/** Five steps in, a node is gone; it takes four seconds more until the next new step. */
const disturbances: readonly Disturbance[] = [
  { kind: 'fault', node: 'worker-1', seconds: 5 },
  { kind: 'lost', node: 'worker-1', seconds: 7.5 },
  { kind: 'reformed', nodes: 3, step: 3, replay: 2, cause: 'lost', seconds: 8 },
];
const late = (run: Run): Run => ({
  ...run,
  steps: run.steps.map((step) => ({
    ...step,
    seconds: step.seconds + (step.step > 5 ? 4 : 0),
  })),
});

type Change = (run: Run, condition: Condition) => Partial<Run>;

const made = (change: Change = () => ({})): readonly Trial[] =>
  planTrials([resilience], setting, 2).map(({ condition, repeat }) => {
    const trial = lossless(condition, repeat);
    const [fault] = condition.faults ?? [];
    if (!fault || !isFinished(trial)) return trial;
    const isBrief = fault.seconds !== undefined;
    const disturbed = {
      ...late(trial.outcome.run),
      disturbances: isBrief ? disturbances.slice(0, 1) : disturbances,
    };
    const run = { ...disturbed, ...change(disturbed, condition) };
    return { ...trial, outcome: { kind: 'finished', run } };
  });

const judged = async (trials: readonly Trial[]) => resilience.judge({ setting, trials });
const isRing = ({ variant }: Condition): boolean => variant.architecture === 'ring';

describe('resilience', () => {
  test('tells how long a run stood still, and what it did again', () => {
    const trial = lossless(resilience.conditions(setting)[0]!, 1);
    if (!isFinished(trial)) throw new Error('it is finished');
    const { run } = trial.outcome;
    expect(stallSeconds(run)).toBeUndefined();
    const disturbed = { ...late(run), disturbances };
    expect(stallSeconds(disturbed)).toBe(4);
    expect(replayedSteps(disturbed)).toBe(2);
  });

  test('holds where all rings end as undisturbed ones do', async () => {
    const { verdict, effect, exhibits } = await judged(made());
    expect(verdict).toBe('held');
    expect(effect).toContain(
      '8 of 8 disturbed rings came to their end, 8 of 8 with the undisturbed loss',
    );
    expect(effect).toContain('4.00 s at most');
    expect(exhibits.map(({ kind }) => kind)).toEqual(['figure', 'figure', 'table']);
  });

  test.each<[string, Change]>([
    ['ends with another loss', () => ({ finalLoss: 0.5 + 2 ** -40 })],
    [
      'stands still for long',
      ({ steps }) => ({
        steps: steps.map((step) => ({ ...step, seconds: step.seconds + (step.step > 5 ? 40 : 0) })),
      }),
    ],
    [
      'does much again',
      () => ({
        disturbances: disturbances.map((each) =>
          each.kind === 'reformed' ? { ...each, replay: 9 } : each,
        ),
      }),
    ],
  ])('does not hold where a ring %s', async (_, change) => {
    const only: Change = (run, condition) => (isRing(condition) ? change(run, condition) : {});
    expect((await judged(made(only))).verdict).toBe('not held');
  });

  test('does not hold where a ring ends early; what others do is told, and decides nothing', async () => {
    const failing = (fails: (condition: Condition) => boolean): readonly Trial[] =>
      made().map((trial) =>
        trial.condition.faults && fails(trial.condition)
          ? lossless(trial.condition, trial.repeat, {
              kind: 'failed',
              code: 'NODE_LOST',
              reason: 'worker-1 is gone',
            })
          : trial,
      );
    expect((await judged(failing(isRing))).verdict).toBe('not held');
    const { verdict, sentences } = await judged(failing((condition) => !isRing(condition)));
    expect(verdict).toBe('held');
    expect(sentences).toContain(
      'Parameter server bsp, the server is lost: the run ended (worker-1 is gone).',
    );
  });

  test('is undecided without trials, and on devices that joined', async () => {
    expect((await judged([])).verdict).toBe('undecided');
    expect(resilience.conditions({ ...setting, isReal: true })).toEqual([]);
  });
});
