// What a comparison is said to have come to: verdict, tables and CSV, held against its data.

import { parse } from 'csv-parse/sync';
import { beforeAll, describe, expect, test } from 'vitest';

import { toCsv } from '../../src/study/csv.ts';
import { groupRuns, metrics } from '../../src/study/groups.ts';
import { formatQuantity } from '../../src/study/quantity.ts';
import type { Comparison, Run } from '../../src/study/results.ts';
import { estimate } from '../../src/study/statistics.ts';
import { comparisonTables, tableNotes } from '../../src/study/table.ts';
import { judge, lossGap } from '../../src/study/verdict.ts';
import { formatTable } from '../../src/cli/table.ts';
import { exampleComparison } from './fixture.ts';

let example: Comparison;

beforeAll(async () => {
  example = await exampleComparison();
});

const runsOf = (architecture: Run['architecture'], of = example): Run[] =>
  of.runs.filter((run) => run.architecture === architecture);

/** The example with the runs of one architecture changed. */
const changed = (
  architecture: Run['architecture'],
  change: (run: Run) => Partial<Run>,
): Comparison => ({
  ...example,
  runs: example.runs.map((run) =>
    run.architecture === architecture ? { ...run, ...change(run) } : run,
  ),
});

describe('the example', () => {
  test('agrees with itself, as a real comparison must', () => {
    for (const { nodes, seconds, samplesPerSecond } of example.runs) {
      expect(samplesPerSecond * seconds).toBeCloseTo(example.settings.samples, 6);
      for (const { figures } of nodes) {
        const idle = Object.values(figures.idleSeconds).reduce((sum, value) => sum + value, 0);
        expect(idle / figures.wallSeconds).toBeCloseTo(figures.idleShare, 9);
      }
    }
  });
});

describe('groups', () => {
  test('are in one order and hold the repeats', () => {
    const shuffled = { ...example, runs: example.runs.toReversed() };
    expect(
      groupRuns(shuffled).map(({ architecture, runs }) => [architecture, runs.length]),
    ).toEqual([
      ['ring', 3],
      ['parameter-server', 3],
      ['parameter-server-colocated', 3],
      ['all-reduce', 3],
      ['single', 3],
    ]);
  });

  test('name the consistency where there are several', () => {
    const [server] = runsOf('parameter-server');
    const both = { ...example, runs: [...example.runs, { ...server!, consistency: 'ssp:2' }] };
    const names = groupRuns(both).map(({ name }) => name);
    expect(names).toContain('parameter server bsp');
    expect(names).toContain('parameter server ssp:2');
    expect(names).toContain('co-located servers');
  });
});

describe('the verdict', () => {
  test('says who was faster and by how much', () => {
    const [ring, rival] = [runsOf('ring'), runsOf('all-reduce')].map(
      (runs) => estimate(runs.map(({ seconds }) => seconds)).mean,
    );
    expect(judge(example).headline).toBe(
      `The ring finished ${(rival! / ring!).toFixed(1)} times as fast as all-reduce, the fastest of the others.`,
    );
  });

  test('says so when the ring is slower', () => {
    const slow = changed('ring', ({ seconds }) => ({ seconds: 10 * seconds }));
    expect(judge(slow).headline).toMatch(/^The ring took 7\.\d times as long as all-reduce/);
    expect(judge(slow).sentences.join(' ')).toMatch(
      /Where the ring loses: time to finish \(.*; all-reduce 46.5 s\)/,
    );
  });

  test('calls no difference what is within the noise', () => {
    const twin = changed('all-reduce', ({ repeat }) => ({
      seconds: runsOf('ring')[repeat - 1]!.seconds * (1 + 0.03 * (repeat - 2)),
    }));
    expect(judge(twin).headline).toMatch(/^The ring and all-reduce, .* took equally long\.$/);
  });

  test('tells where the ring loses', () => {
    const { sentences, findings } = judge(example);
    expect(sentences.at(-1)).toMatch(
      /^Where the ring loses: joules per sample \(18\.\d mJ; one device 14\.4 mJ\)\.$/,
    );
    const worse = findings.flatMap(({ metric, against }) =>
      against
        .filter(({ outcome }) => outcome === 'worse')
        .map(({ group }) => [metric.id, group.key]),
    );
    expect(worse).toEqual([['joules', 'single']]);
  });

  test('does without a ring, and without anything to compare', () => {
    const without = { ...example, runs: example.runs.filter((run) => run.architecture !== 'ring') };
    expect(judge(without).headline).toMatch(
      /^All-reduce finished 1.3 times as fast as the co-located/,
    );
    expect(judge(without).findings).toEqual([]);
    expect(judge({ ...example, runs: runsOf('single') }).headline).toBe('Only one device was run.');
    expect(judge({ ...example, runs: [] }).headline).toBe('Nothing was compared.');
  });

  test('knows how far apart the losses are at equal samples, of what is synchronous', () => {
    const groups = groupRuns(example);
    expect(lossGap(groups)!.gap).toBeGreaterThan(0);
    expect(lossGap(groups)!.gap).toBeLessThan(0.01);
    const off = (consistency: string): number =>
      lossGap(
        groupRuns(
          changed('parameter-server', ({ steps }) => ({
            consistency,
            steps: steps.map((step) => ({ ...step, loss: 2 * step.loss })),
          })),
        ),
      )!.gap;
    expect(off('bsp')).toBeGreaterThan(0.9);
    expect(off('async')).toBeLessThan(0.01);
  });
});

describe('the table', () => {
  const lines = (of: Comparison, width?: number): string[] =>
    comparisonTables(of, width).flatMap(({ columns, rows }) => formatTable(columns, rows));

  test('fits a terminal and holds every figure with its spread', () => {
    const text = lines(example);
    expect(Math.max(...text.map((line) => line.length))).toBeLessThanOrEqual(100);
    const idle = text.find((line) => line.startsWith('idle, mean'))!;
    const metric = metrics.find(({ id }) => id === 'idle')!;
    for (const { runs } of groupRuns(example))
      expect(idle).toContain(formatQuantity(estimate(runs.map((run) => metric.of(run)!)), 'share'));
    expect(text.some((line) => /^idle, worker-3 .* ± /.test(line))).toBe(true);
    expect(text.some((line) => line.startsWith('peak memory, server-1'))).toBe(true);
  });

  test('goes on below where it does not fit', () => {
    const text = lines(example, 60);
    expect(Math.max(...text.map((line) => line.length))).toBeLessThanOrEqual(60);
    expect(text.filter((line) => line.startsWith('time to finish'))).toHaveLength(3);
  });

  test('says what was reached in some repeats only, and leaves out what nobody has', () => {
    const partly = changed('ring', ({ repeat }) => (repeat === 1 ? { secondsToTarget: 1 } : {}));
    const [first, ...rest] = runsOf('ring', partly);
    const { secondsToTarget: _, ...never } = rest[0]!;
    const some = lines({ ...partly, runs: [first!, never] });
    expect(some.find((line) => line.startsWith('time to target'))).toMatch(/in 1 of 2$/);
    const none = lines({ ...partly, runs: [never] });
    expect(none.some((line) => line.startsWith('time to target'))).toBe(false);
  });

  test('sums up many nodes', () => {
    const [ring] = runsOf('ring');
    const nodes = Array.from({ length: 20 }, (_, at) => ({
      ...ring!.nodes[1]!,
      node: `worker-${at}`,
    }));
    const text = lines({ ...example, runs: [{ ...ring!, nodes }] });
    expect(text.some((line) => line.startsWith('idle, most of the nodes'))).toBe(true);
    expect(text.some((line) => line.includes('worker-'))).toBe(false);
  });

  test('says what its figures are', () => {
    expect(tableNotes(example).join(' ')).toMatch(/3 repeats ± .* 95.0 %.* Joules are modelled\./);
    expect(tableNotes({ ...example, runs: runsOf('ring').slice(0, 1) })[0]).toMatch(/One run each/);
  });
});

describe('the CSV', () => {
  test('has a row for each run and node and can be read back', () => {
    const rows = parse(toCsv(example), { columns: true }) as Record<string, string>[];
    const nodes = example.runs.flatMap((run) => run.nodes.map((node) => ({ run, node })));
    expect(rows).toHaveLength(nodes.length);
    nodes.forEach(({ run, node }, at) => {
      expect(rows[at]).toMatchObject({
        architecture: run.architecture,
        repeat: String(run.repeat),
        run_seconds: String(run.seconds),
        node: node.node,
        idle_share: String(node.figures.idleShare),
        idle_gradient_seconds: String(node.figures.idleSeconds.gradient),
        energy_kind: 'modelled',
        energy_joules: String(node.energy!.total),
        throttled_seconds: '',
      });
    });
  });

  test('quotes what needs it and makes no formula of a name', () => {
    const [run] = runsOf('ring');
    const named = (node: string): Comparison => ({
      ...example,
      runs: [{ ...run!, nodes: [{ ...run!.nodes[0]!, node }] }],
    });
    const read = (node: string): string =>
      (parse(toCsv(named(node)), { columns: true })[0] as { node: string }).node;
    expect(read('a, "b"\nc')).toBe('a, "b"\nc');
    expect(read('=1+1')).toBe("'=1+1");
  });
});
