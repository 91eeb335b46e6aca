// Every node's figures, in one table.

import { busiestLink } from '../../meter/figures.ts';
import type { Group } from '../groups.ts';
import { nodesOf, ofNode } from '../groups.ts';
import { formatQuantity } from '../quantity.ts';
import type { NodeResult } from '../results.ts';
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
        of(({ figures }) => busiestLink(figures).bytes / (figures.wallSeconds || 1)),
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
    'engine’s thread',
    (of) =>
      optional(
        of((node) => node.engineCpuSeconds ?? NaN),
        'seconds',
      ),
  ],
  ['thrown away', (of) => unlessNone(of(({ figures }) => figures.thrownAwaySeconds))],
  ['on stale weights', (of) => unlessNone(of(({ figures }) => figures.staleSeconds))],
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

/** A column of nothing but none is not shown. */
const unlessNone = (seconds: number): string =>
  seconds > 0 ? formatQuantity(seconds, 'seconds') : none;

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
      <table class="nodes">
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
