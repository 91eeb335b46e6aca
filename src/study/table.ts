// The outcome of a comparison as tables for a terminal: a row a figure, a column an architecture, and
// as many columns side by side as fit. Pure: it gives cells; whoever prints lays them out.

import type { Group, NodeRepeats } from './groups.ts';
import { groupRuns, metrics, nodesOf, valuesOf } from './groups.ts';
import { formatQuantity } from './quantity.ts';
import type { Quantity } from './quantity.ts';
import { energiesOf } from './results.ts';
import type { Comparison, NodeResult } from './results.ts';
import { estimate } from './statistics.ts';

export interface TableColumn {
  readonly title: string;
  readonly align?: 'right';
}

export interface Table {
  readonly columns: readonly TableColumn[];
  readonly rows: readonly (readonly string[])[];
}

/** Nodes beyond this many are summed up as the least, the median and the most. */
const nodesShown = 8;
const missing = '-';
/** A long name of an architecture goes over several lines of this width. */
const headWidth = 12;
/** Between two columns, as the command line's tables have it. */
const gap = 2;

/** Tables that are at most `width` characters wide, or hold one architecture each if nothing fits. */
export function comparisonTables(comparison: Comparison, width = 100): readonly Table[] {
  const groups = groupRuns(comparison);
  const labels = ['', ...metrics.map(({ name }) => name)];
  const figures = groups.map((group) => [
    group.name,
    ...metrics.map((metric) => {
      const values = valuesOf(group, metric);
      return values.length < group.runs.length || values.length === 0
        ? partly(values.length, group.runs.length)
        : formatQuantity(estimate(values), metric.quantity);
    }),
  ]);
  const idle = perNode(groups, 'idle', 'share', ({ figures }) => figures.idleShare);
  const memory = perNode(groups, 'peak memory', 'bytes', (node) => node.peakMemoryBytes);
  const tensors = perNode(groups, 'peak tensors', 'bytes', (node) => node.tensorBytes);
  const blocks = [idle, memory, tensors];
  const rowLabels = [...labels, ...blocks.flatMap((block) => block.labels)];
  const columns = figures.map((column, at) => [
    ...column,
    ...blocks.flatMap(({ cells }) => cells[at]!),
  ]);
  return sideBySide(rowLabels, columns, width).map(layOut);
}

/** What the figures in the tables mean, in a line or two. */
export function tableNotes(comparison: Comparison): readonly string[] {
  const repeats = Math.max(0, ...groupRuns(comparison).map(({ runs }) => runs.length));
  const { targetAccuracy } = comparison.settings;
  const hosts = new Set(comparison.runs.flatMap(({ energy }) => energy?.source ?? []));
  const kinds = new Set(comparison.runs.flatMap((run) => energiesOf(run).map(({ kind }) => kind)));
  return [
    ...(repeats > 1
      ? [
          `Mean of ${repeats} repeats ± half of its 95 % confidence interval (Student's t); without ±, the spread is below the last digit.`,
        ]
      : ['One run each: repeat it to see how far the figures can be trusted.']),
    ...(targetAccuracy === undefined
      ? []
      : [`Target: an accuracy of ${formatQuantity(targetAccuracy, 'share')}.`]),
    ...(kinds.size > 0 ? [`Joules are ${[...kinds].sort().join(' in part, in part ')}.`] : []),
    ...(hosts.size > 0
      ? [
          `They are of the host that all nodes shared (${[...hosts].join(', ')}) and all that ran on it.`,
        ]
      : []),
    'Idle time leaves out the time in which the model was tested or saved.',
  ];
}

/** A target that some repeats never reached has no mean. */
const partly = (reached: number, of: number): string =>
  reached === 0 ? missing : `in ${reached} of ${of}`;

interface PerNode {
  readonly labels: readonly string[];
  /** A list of cells for each group. */
  readonly cells: readonly (readonly string[])[];
}

function perNode(
  groups: readonly Group[],
  what: string,
  quantity: Quantity,
  value: (result: NodeResult) => number,
): PerNode {
  const nodes = groups.map(nodesOf);
  const show = (node: NodeRepeats | undefined): string =>
    node ? formatQuantity(estimate(node.results.map(value)), quantity) : missing;
  const names = [...new Set(nodes.flatMap((members) => members.map(({ node }) => node)))];
  if (names.length <= nodesShown)
    return {
      labels: names.map((name) => `${what}, ${name}`),
      cells: nodes.map((members) =>
        names.map((name) => show(members.find(({ node }) => node === name))),
      ),
    };
  const typical = ({ results }: NodeRepeats): number => estimate(results.map(value)).mean;
  return {
    labels: ['least', 'median', 'most'].map((which) => `${what}, ${which} of the nodes`),
    cells: nodes.map((members) => {
      const sorted = [...members].sort((a, b) => typical(a) - typical(b));
      return [sorted[0], sorted[(sorted.length - 1) >> 1], sorted.at(-1)].map(show);
    }),
  };
}

interface Block {
  readonly labels: readonly string[];
  /** The first cell of each is the architecture's name. */
  readonly columns: readonly (readonly string[])[];
}

function sideBySide(
  labels: readonly string[],
  columns: readonly (readonly string[])[],
  width: number,
): readonly Block[] {
  const widest = (cells: readonly string[]): number =>
    Math.max(...cells.map(({ length }) => length));
  const blocks: (readonly string[])[][] = [];
  let free = 0;
  for (const column of columns) {
    const [name, ...cells] = column;
    const needed = gap + widest([...headLines(name!), ...cells]);
    if (blocks.length === 0 || needed > free) {
      blocks.push([]);
      free = width - widest(labels);
    }
    blocks.at(-1)!.push(column);
    free -= needed;
  }
  return blocks.map((block) => ({ labels, columns: block }));
}

/** Names over several lines, down to their figures; rows without any figure are left out. */
function layOut({ labels, columns }: Block): Table {
  const heads = columns.map(([name]) => headLines(name!));
  const height = Math.max(...heads.map(({ length }) => length));
  const headRows = Array.from({ length: height }, (_, line) =>
    heads.map((head) => head[line - height + head.length] ?? ''),
  );
  const rows = labels
    .map((label, row) => [label, ...columns.map((column) => column[row]!)])
    .slice(1)
    .filter(([, ...cells]) => cells.some((cell) => cell !== missing));
  const [titles, ...below] = headRows;
  return {
    columns: [{ title: '' }, ...titles!.map((title) => ({ title, align: 'right' as const }))],
    rows: [...below.map((cells) => ['', ...cells]), ...rows],
  };
}

/** A name in lines of about a figure's width. */
function headLines(name: string): readonly string[] {
  const lines: string[] = [];
  for (const word of name.split(' ')) {
    const joined = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && joined.length <= headWidth) lines[lines.length - 1] = joined;
    else lines.push(word);
  }
  return lines;
}
