// `ringtmp plan` as a process: what a person reads, what a program reads, and what is refused.

import { expect, test } from 'vitest';

import { failure, outcome, run, writeTraining } from './command.ts';

const file = (): string => writeTraining('planned.json');

test('says what each architecture would take, the cut, the choice and the formulas', async () => {
  const { code, stdout } = await run('plan', file(), '--nodes', '3', '--device', 'pi-4b');
  expect(code).toBe(0);
  for (const word of ['single', 'ring', 'parameter-server-colocated', 'all-reduce', 'J/sample'])
    expect(stdout).toContain(word);
  expect(stdout).toMatch(/^choose /m);
  expect(stdout).toMatch(/^worker-2 +\d/m);
  expect(stdout).toContain('docs/plan.md');
});

test('prints all of it as JSON', async () => {
  const { code, stdout } = await run(
    'plan',
    file(),
    '--nodes',
    '2',
    '--link',
    '5mbit,2ms',
    '--json',
  );
  expect(code).toBe(0);
  const plan = JSON.parse(stdout) as {
    readonly link: object;
    readonly choice: { readonly architecture: string; readonly why: readonly string[] };
    readonly architectures: readonly { readonly stepSeconds: number }[];
  };
  expect(plan.link).toEqual({ kind: 'duplex', bytesPerSecond: 625_000, latencySeconds: 0.002 });
  expect(plan.architectures).toHaveLength(5);
  for (const { stepSeconds } of plan.architectures) expect(stepSeconds).toBeGreaterThan(0);
  expect(plan.choice.why).toHaveLength(5);
});

test.each([
  [['--link', 'fast'], /--link fast: give a rate/],
  [['--device', 'pi-9'], /no speed is known of a device "pi-9"/],
  [['--nodes', '101'], /101 nodes are too many to plan for: give --nodes up to 100/],
])('refuses %o in one line', async (flags, line) => {
  expect(outcome(await run('plan', file(), ...flags))).toEqual(failure(2, line));
});
