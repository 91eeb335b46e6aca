// The report as a reader has it: its sections, what it says against the data, and that it is one file.

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { parseHTML } from 'linkedom';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { groupRuns } from '../../src/study/groups.ts';
import { formatQuantity } from '../../src/study/quantity.ts';
import { bytesByMessage, joulesByCause } from '../../src/study/report/costs.ts';
import { smoothed } from '../../src/study/report/loss.ts';
import { renderReport } from '../../src/study/report/page.ts';
import type { Comparison, NodeResult } from '../../src/study/results.ts';
import { mean } from '../../src/study/statistics.ts';
import { judge } from '../../src/study/verdict.ts';
import { writeComparison } from '../../src/study/write.ts';
import { exampleComparison } from './fixture.ts';

let example: Comparison;
let page: string;

beforeAll(async () => {
  example = await exampleComparison();
  page = renderReport(example);
});

interface Element {
  readonly textContent: string;
  getAttribute(name: string): string | null;
  querySelectorAll(selector: string): Iterable<Element>;
}

const documents = new Map<string, Element>();

function all(text: string, selector: string): Element[] {
  const document = documents.get(text) ?? parseHTML(text).document;
  documents.set(text, document);
  return [...document.querySelectorAll(selector)];
}
const textOf = (selector: string, text = page): string =>
  all(text, selector)
    .map(({ textContent }) => textContent.replaceAll(/\s+/g, ' ').trim())
    .join('\n');

describe('the report', () => {
  test('begins with what came out', () => {
    const { headline, sentences } = judge(example);
    expect(textOf('h1')).toBe(headline);
    for (const sentence of sentences) expect(textOf('.lede')).toContain(sentence);
  });

  test.each([
    ['outcome', 0],
    ['loss', 4],
    ['idle', 2],
    ['timeline', 10],
    ['costs', 4],
    ['memory', 2],
    ['nodes', 0],
    ['settings', 0],
    ['sources', 0],
  ])('has a section on %s with %i drawings, each for a desk and for a phone', (id, drawings) => {
    expect(all(page, `#${id}`)).toHaveLength(1);
    const drawn = all(page, `#${id} svg[role=img]`);
    expect(drawn).toHaveLength(drawings);
    for (const svg of drawn) expect(svg.getAttribute('aria-label')).not.toBe('');
    expect(all(page, `#${id} .narrow svg`)).toHaveLength(drawings / 2);
  });

  test('shows the figures of the data', () => {
    const rows = textOf('#outcome tbody tr');
    for (const { name, runs } of groupRuns(example)) {
      const row = rows
        .split('\n')
        .filter((line) => line.startsWith(name))
        .join(' ');
      expect(row).toContain(formatQuantity(mean(runs.map(({ seconds }) => seconds)), 'seconds'));
      expect(row).toContain(formatQuantity(runs[0]!.bytesPerSample, 'bytes'));
    }
    const idle = textOf('#idle .wide text');
    for (const { nodes } of example.runs.slice(0, 1))
      for (const { node } of nodes) expect(idle).toContain(node);
    expect(textOf('#memory .wide text')).toContain(
      formatQuantity(example.runs[0]!.nodes[0]!.peakMemoryBytes, 'bytes'),
    );
    expect(textOf('#loss')).toContain('lie within 0.020 % of each other');
  });

  test('draws every work and every tensor on its way', () => {
    const single = groupRuns(example).at(-1)!;
    const [, typical] = [...single.runs].sort((a, b) => a.seconds - b.seconds);
    const { entries } = typical!.nodes[0]!.timeline;
    const backward = entries.filter(
      (entry) => entry.type === 'compute' && entry.kind === 'backward',
    );
    const last = all(page, '#timeline figure .wide svg').at(-1)!;
    const drawn = [...last.querySelectorAll('g')].find(
      (group) => group.getAttribute('fill') === 'url(#texture-backward)',
    )!;
    const shown = [...drawn.querySelectorAll('rect')].length;
    expect(shown).toBeGreaterThan(backward.length / 2);
    expect(shown).toBeLessThanOrEqual(backward.length);
  });

  test('says of each figure how it was obtained', () => {
    const sources = textOf('#sources tbody tr');
    for (const figure of ['times', 'idle time', 'bytes', 'memory', 'loss'])
      expect(sources).toMatch(new RegExp(`^${figure}.* measured`, 'm'));
    expect(sources).toMatch(/^energy modelled model pi-4b: .* not stated/m);
    expect(sources).not.toMatch(/^(throttled|redundant)/m);
    const measured = renderReport(
      withNodes((node) => ({
        ...node,
        energy: {
          ...node.energy!,
          kind: 'measured',
          source: 'hwmon ina219',
          errorBand: { relative: 0.02, basis: 'its data sheet' },
          missed: { seconds: 2, reason: 'gone' },
        },
      })),
    );
    expect(textOf('#sources tbody tr', measured)).toMatch(
      /^energy measured hwmon ina219 ±2.0 %: its data sheet; .* could not be read/m,
    );
  });

  test('a host that all nodes share is measured once, and said to be', () => {
    const energy = {
      kind: 'measured' as const,
      source: 'RAPL package-0',
      total: 100,
      seconds: 30,
      floorJoules: 80,
      marginalJoules: 20,
    };
    const text = renderReport({
      ...example,
      runs: example.runs.map((run) => ({ ...run, energy })),
    });
    const sources = textOf('#sources tbody tr', text);
    expect(sources).toMatch(/^energy measured RAPL package-0: the whole host, one figure for all/m);
    expect(sources).toMatch(/^energy of a node modelled model pi-4b/m);
    expect(textOf('#costs figcaption', text)).toMatch(/of the host that all nodes share, measured/);
    expect(textOf('#outcome .note', text)).toContain('the host that all nodes shared (RAPL');
  });

  test('what was stopped or computed for nothing is shown where there is any', () => {
    const text = renderReport(
      withNodes((node) => ({
        ...node,
        throttledSeconds: 1.5,
        figures: { ...node.figures, staleSeconds: node.figures.busySeconds.forward },
      })),
    );
    expect(textOf('#sources tbody tr', text)).toMatch(/^throttled time measured .*cpu\.stat/m);
    expect(textOf('#sources tbody tr', text)).toMatch(/^redundant computing measured/m);
    expect(textOf('#nodes thead', text)).toMatch(/on stale weights.*throttled/);
    expect(textOf('#nodes thead')).not.toMatch(/stale|throttled/);
    expect(textOf('#outcome thead', text)).toContain('redundant computing');
    expect(textOf('#outcome thead')).toMatch(/busiest link .*peak tensors/);
  });

  test('is one file: nothing is fetched, nothing is run', () => {
    const markup = page.replaceAll(/xmlns(:\w+)?="[^"]*"/g, '');
    expect(markup).not.toMatch(/https?:|<script|<link|<img|@import|src=|url\((?!#)/);
    const references = [...new Set(page.match(/url\(#[\w-]+\)/g))].map((url) => url.slice(5, -1));
    const ids = all(page, 'pattern').map((pattern) => pattern.getAttribute('id'));
    expect(ids).toEqual(expect.arrayContaining(references));
  });

  test('takes no name for markup', () => {
    const evil = '</title><script>alert("1")</script>&';
    const named = {
      ...withNodes((node) => ({
        ...node,
        node: `${evil}${node.node}`,
        role: evil,
        timeline: { ...node.timeline, node: evil },
      })),
      title: evil,
    };
    const text = renderReport({
      ...named,
      settings: { ...example.settings, link: evil, training: { [evil]: evil } },
    });
    expect(text).not.toContain('<script');
    expect(textOf('.kicker', text)).toBe(evil);
    expect(textOf('#nodes td.text', text)).toContain(evil);
  });

  test('can be made of one short run without energy, target or timeline', () => {
    const { accuracy: _, secondsToTarget: __, joulesPerSample: ___, ...run } = example.runs[0]!;
    const nodes = run.nodes.map(({ energy: ____, ...node }) => ({
      ...node,
      timeline: { ...node.timeline, entries: [] },
    }));
    const text = renderReport({
      ...example,
      runs: [{ ...run, steps: run.steps.slice(0, 1), nodes }],
    });
    expect(textOf('h1', text)).toBe('Only the ring was run.');
    expect(all(text, '#timeline')).toEqual([]);
    expect(textOf('main', text)).not.toMatch(/NaN|undefined|Infinity/);
    expect(textOf('main')).not.toMatch(/NaN|undefined|Infinity/);
  });
});

const withNodes = (change: (node: NodeResult) => NodeResult): Comparison => ({
  ...example,
  runs: example.runs.map((run) => ({ ...run, nodes: run.nodes.map(change) })),
});

describe('what is drawn', () => {
  test('parts of bytes and joules sum to the whole', () => {
    for (const run of example.runs.filter(({ bytesPerSample }) => bytesPerSample > 0))
      for (const shares of [bytesByMessage(run), joulesByCause(run)])
        expect(shares.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
  });

  test('a sensor that cannot tell gives what it can', () => {
    const [run] = example.runs;
    const told = (parts: object): string[] =>
      joulesByCause({
        ...run!,
        nodes: run!.nodes.map((node) => ({
          ...node,
          energy: { kind: 'measured', source: 's', total: 10, seconds: 1, ...parts },
        })),
      }).map(({ name, share }) => `${name} ${share}`);
    expect(told({})).toEqual([]);
    expect(told({ floorJoules: 6, marginalJoules: 4 })).toEqual([
      'standing there 0.6',
      'beyond that 0.4',
    ]);
  });

  test('a curve of many steps is averaged, not thinned out', () => {
    const steps = Array.from({ length: 1000 }, (_, at) => ({
      step: at + 1,
      samples: at + 1,
      seconds: at,
      loss: at % 2,
    }));
    const points = smoothed(steps, 100);
    expect(points).toHaveLength(100);
    expect(points.every(({ loss }) => loss === 0.5)).toBe(true);
    expect(smoothed(steps.slice(0, 3), 100)).toHaveLength(3);
  });
});

describe('on disk', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ringtmp-study-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('stand the page, the table and the data, and nothing unfinished', async () => {
    const out = join(folder, 'new', 'folder');
    await writeComparison(out, example);
    expect((await readdir(out)).sort()).toEqual(['report.html', 'results.csv', 'results.json']);
    expect(await readFile(join(out, 'report.html'), 'utf8')).toBe(page);
    expect(JSON.parse(await readFile(join(out, 'results.json'), 'utf8'))).toEqual(example);
  });

  test('a folder that cannot be is one clear line', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    await expect(writeComparison(file, example)).rejects.toMatchObject({
      code: 'STORE',
      message: expect.stringContaining(file) as string,
    });
  });
});
