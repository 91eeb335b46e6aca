// The end of the page: every node's figures, what was run on what, and how each figure was obtained.

import type { EnergyReport } from '../../ports.ts';
import { busiestLinkBytes } from '../csv.ts';
import type { Group } from '../groups.ts';
import { nodesOf, ofNode } from '../groups.ts';
import { formatQuantity } from '../quantity.ts';
import type { Comparison, NodeResult } from '../results.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';

type NodeColumn = readonly [title: string, cell: (results: (of: Pick) => number) => string];
type Pick = (node: NodeResult) => number;

const nodeColumns: readonly NodeColumn[] = [
  [
    'idle',
    (of) =>
      formatQuantity(
        of(({ figures }) => figures.idleShare),
        'share',
      ),
  ],
  [
    'busiest link',
    (of) =>
      `${formatQuantity(
        of(({ figures }) => busiestLinkBytes(figures) / (figures.wallSeconds || 1)),
        'bytes',
      )}/s`,
  ],
  [
    'serialising',
    (of) =>
      formatQuantity(
        of(({ figures }) => figures.serialiseSeconds),
        'seconds',
      ),
  ],
  [
    'peak memory',
    (of) =>
      formatQuantity(
        of((node) => node.peakMemoryBytes),
        'bytes',
      ),
  ],
  [
    'tensors',
    (of) =>
      formatQuantity(
        of((node) => node.tensorBytes),
        'bytes',
      ),
  ],
  [
    'CPU time',
    (of) =>
      formatQuantity(
        of((node) => node.cpuSeconds),
        'seconds',
      ),
  ],
  [
    'throttled',
    (of) =>
      optional(
        of((node) => node.throttledSeconds ?? NaN),
        'seconds',
      ),
  ],
  [
    'energy',
    (of) =>
      optional(
        of((node) => node.energy?.total ?? NaN),
        'joules',
      ),
  ],
  [
    'beyond idling',
    (of) =>
      optional(
        of((node) => node.energy?.marginalJoules ?? NaN),
        'joules',
      ),
  ],
];

const none = '–';
const optional = (value: number, quantity: 'seconds' | 'joules'): string =>
  Number.isNaN(value) ? none : formatQuantity(value, quantity);

export function nodesSection(groups: readonly Group[]): Html {
  const rows = groups.flatMap((group) =>
    nodesOf(group).map((node, at, { length }) => ({
      ...(at === 0 && { head: { name: group.name, length } }),
      node,
      cells: nodeColumns.map(([, cell]) => cell((pick) => ofNode(node, pick))),
    })),
  );
  const shown = nodeColumns.map((_, at) => rows.some(({ cells }) => cells[at] !== none));
  return html`<section id="nodes">
    <h2>Node by node</h2>
    <div class="scroll" tabindex="0" role="region" aria-label="Figures of every node">
      <table>
        <thead>
          <tr>
            <th scope="col">architecture</th>
            <th scope="col">node</th>
            <th scope="col">role</th>
            ${nodeColumns
              .filter((_, at) => shown[at])
              .map(([title]) => html`<th scope="col">${title}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ({ head, node, cells }) =>
              html`<tr${head && html` class="first"`}>${
                head && html`<th scope="rowgroup" rowspan="${head.length}">${head.name}</th>`
              }<th scope="row">${node.node}</th><td class="text">${node.role}</td>${cells
                .filter((_, at) => shown[at])
                .map((cell) => html`<td>${cell}</td>`)}</tr>`,
          )}
        </tbody>
      </table>
    </div>
    <p class="note">
      Medians over the repeats. Every figure of every run: <a href="results.csv">results.csv</a>,
      <a href="results.json">results.json</a>.
    </p>
  </section>`;
}

const definitions = (facts: readonly (readonly [string, string | undefined])[]): Html =>
  html`<dl>
    ${facts.map(
      ([term, text]) =>
        text !== undefined &&
        html`<div>
          <dt>${term}</dt>
          <dd>${text}</dd>
        </div>`,
    )}
  </dl>`;

export function settingsSection({ settings, machine, runs, started }: Comparison): Html {
  const shipped = runs.find((run) => run.shipped)?.shipped;
  const repeats = new Set(runs.map(({ repeat }) => repeat)).size;
  return html`<section id="settings">
    <h2>What was run, and on what</h2>
    <div class="pair">
      <div>
        <h3>Settings</h3>
        ${definitions([
          ...Object.entries(settings.training),
          ['nodes', `${settings.nodes}, servers included`],
          ['batch', `${settings.globalBatch} samples over all nodes`],
          ['samples', settings.samples.toLocaleString('en-US')],
          ['repeats', String(repeats)],
          ['seed', String(settings.seed)],
          [
            'target accuracy',
            settings.targetAccuracy === undefined
              ? undefined
              : formatQuantity(settings.targetAccuracy, 'share'),
          ],
          ['links', settings.link],
        ])}
      </div>
      <div>
        <h3>Machine</h3>
        ${definitions([
          ['processor', machine.cpu],
          ['cores', String(machine.cores)],
          ['memory', formatQuantity(machine.memoryBytes, 'bytes')],
          ['system', machine.os],
          ['Node', machine.node],
          ['engine', machine.engine],
          ['begun', started],
        ])}
        ${
          shipped &&
          html`<p>
            A parameter server’s workers and those of all-reduce hold the samples themselves: before
            the clock started, ${formatQuantity(shipped.bytes, 'bytes')} were brought to them in
            ${formatQuantity(shipped.seconds, 'seconds')}. In a ring, samples and labels stay where
            they are.
          </p>`
        }
      </div>
    </div>
  </section>`;
}

interface Source {
  readonly figure: string;
  readonly kind: string;
  readonly source: string;
  readonly error: string;
}

function energySources({ runs }: Comparison): Source[] {
  const reports = runs.flatMap(({ nodes }) => nodes.flatMap(({ energy }) => energy ?? []));
  const bySource = new Map<string, EnergyReport[]>();
  for (const report of reports) {
    const key = `${report.kind} ${report.source}`;
    bySource.set(key, [...(bySource.get(key) ?? []), report]);
  }
  return [...bySource.values()].map((of) => {
    const { kind, source, errorBand } = of[0]!;
    const missed = of.reduce((sum, report) => sum + (report.missed?.seconds ?? 0), 0);
    const band = errorBand
      ? `±${formatQuantity(errorBand.relative, 'share')}: ${errorBand.basis}`
      : 'not stated by its source';
    return {
      figure: 'energy',
      kind,
      source,
      error: missed > 0 ? `${band}; ${formatQuantity(missed, 'seconds')} could not be read` : band,
    };
  });
}

export function sourcesSection(comparison: Comparison): Html {
  const clockError = Math.max(
    0,
    ...comparison.runs.flatMap(({ nodes }) => nodes.map(({ timeline }) => timeline.errorSeconds)),
  );
  const sources: readonly Source[] = [
    {
      figure: 'times, samples/s',
      kind: 'measured',
      source: 'the clock of the node that starts the run, first step to last commit',
      error: 'spread over the repeats',
    },
    {
      figure: 'idle time',
      kind: 'measured',
      source:
        'one minus the time of the engine’s kernels, first to last commit; each wait is booked on what the node said it waited for',
      error: 'a thread that a CPU quota stops looks busy: see throttled time',
    },
    {
      figure: 'timeline',
      kind: 'measured',
      source: 'every node’s own clock, aligned over its link',
      error: clockError > 0 ? `±${formatQuantity(clockError, 'seconds')}` : 'one clock',
    },
    {
      figure: 'bytes',
      kind: 'measured',
      source: 'whole frames of the protocol, counted where they leave; without TCP’s own headers',
      error: 'exact',
    },
    {
      figure: 'memory',
      kind: 'measured',
      source: 'the operating system’s peak of the process; tensors as the engine allocated them',
      error: 'the process’s holds its program too',
    },
    ...energySources(comparison),
    {
      figure: 'loss, accuracy',
      kind: 'measured',
      source: 'computed in training; accuracy on the test samples after it',
      error: 'synchronous ways differ by the rounding of sums',
    },
  ];
  return html`<section id="sources">
    <h2>How each figure was obtained</h2>
    <div class="scroll" tabindex="0" role="region" aria-label="Sources of the figures">
      <table class="texts">
        <thead>
          <tr>
            <th scope="col">figure</th>
            <th scope="col">how</th>
            <th scope="col">source</th>
            <th scope="col">error</th>
          </tr>
        </thead>
        <tbody>
          ${sources.map(
            ({ figure, kind, source, error }) =>
              html`<tr>
                <th scope="row">${figure}</th>
                <td><span class="kind">${kind}</span></td>
                <td>${source}</td>
                <td>${error}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}
