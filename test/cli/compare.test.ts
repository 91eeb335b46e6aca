// `ringtmp compare` and `--trace`, as processes: every architecture really trains.

import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

import type { Comparison } from '../../src/study/results.ts';
import { failure, inFolder, outcome, run, writeTraining } from './command.ts';

const file = (): string => writeTraining('compared.json');

test('the same training by every architecture gives one table and a report', async () => {
  const out = inFolder('comparison');
  const ended = await run(
    'compare',
    file(),
    '--nodes',
    '2',
    '--device-profile',
    'pi-4b',
    '--out',
    out,
  );
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  expect(readdirSync(out).sort()).toEqual(['report.html', 'results.csv', 'results.json']);
  const { runs } = JSON.parse(readFileSync(`${out}/results.json`, 'utf8')) as Comparison;
  expect(runs.map(({ architecture }) => architecture)).toEqual([
    'ring',
    'parameter-server',
    'parameter-server-colocated',
    'all-reduce',
    'single',
  ]);
  const [ring, ...others] = runs.map(({ steps }) => steps.map(({ loss }) => loss));
  for (const losses of others) {
    expect(losses).toHaveLength(ring!.length);
    for (const [step, loss] of losses.entries())
      expect(Math.abs(loss / ring![step]! - 1)).toBeLessThan(0.01);
  }
  for (const { architecture, nodes, samplesPerSecond, joulesPerSample } of runs) {
    expect(nodes).toHaveLength(architecture === 'single' ? 1 : 2);
    expect(samplesPerSecond).toBeGreaterThan(0);
    expect(joulesPerSample).toBeGreaterThan(0);
    for (const { figures, timeline, tensorBytes, energy } of nodes) {
      expect(figures.steps).toBeGreaterThan(0);
      // Every node leaves the tests between epochs out, also one that has no part in them.
      expect(figures.pausedSeconds).toBeGreaterThan(0);
      expect(tensorBytes).toBeGreaterThan(0);
      expect(energy?.kind).toBe('modelled');
      expect(figures.idleShare).toBeGreaterThanOrEqual(0);
      expect(timeline.entries.length).toBeGreaterThan(0);
    }
  }
  expect(ended.stdout).toContain('co-located');
  for (const figure of ['busiest link', 'peak tensors, master', 'Joules are modelled'])
    expect(ended.stdout).toContain(figure);
  expect(readFileSync(`${out}/report.html`, 'utf8')).not.toMatch(/<script|src="http|href="http/);
}, 60_000);

test('what cannot be compared is said in one line', async () => {
  const ended = await run('compare', file(), '--architectures', 'ring,star');
  expect(outcome(ended)).toEqual(failure(2, /'star' is no architecture/));
});

test('a trace holds every node of the ring', async () => {
  const trace = inFolder('trace.json');
  const ended = await run(
    'train',
    file(),
    '--nodes',
    '2',
    '--out',
    inFolder('traced'),
    '--trace',
    trace,
  );
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  const { traceEvents } = JSON.parse(readFileSync(trace, 'utf8')) as {
    traceEvents: { ph: string; pid: number; name: string }[];
  };
  for (const pid of [1, 2])
    expect(
      traceEvents.some(
        (event) => event.pid === pid && event.ph === 'X' && /^[FBLW]\d/.test(event.name),
      ),
    ).toBe(true);
});
