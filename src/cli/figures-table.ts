// How busy each node was, in a table for a person.

import type { Figures, Traffic } from '../meter/figures.ts';
import type { IdleCause } from '../node.ts';
import { formatBytes, formatShare } from './format.ts';
import type { NodeRecording } from './node-recording.ts';
import { formatTable } from './table.ts';

const awaited: Readonly<Record<IdleCause, string>> = {
  input: 'input',
  gradient: 'a gradient',
  parameters: 'the end of the step',
  link: 'a link',
  node: 'its node',
  start: 'the start',
  end: 'saving',
};

const columns = [
  { title: 'node' },
  { title: 'idle', align: 'right' },
  { title: 'mostly waited for' },
  { title: 'sent a step', align: 'right' },
  { title: 'received a step', align: 'right' },
  { title: 'peak tensors', align: 'right' },
] as const;

const total = (traffic: Readonly<Record<string, Traffic>>): number =>
  Object.values(traffic).reduce((sum, { bytes }) => sum + bytes, 0);

/** The cause that took most, with its share of the time. */
function mostly({ idleSeconds, wallSeconds }: Figures): string {
  const causes = Object.entries(idleSeconds) as [IdleCause, number][];
  const [cause, seconds] = causes.reduce((most, each) => (each[1] > most[1] ? each : most));
  return seconds > 0 ? `${awaited[cause]} (${formatShare(seconds / wallSeconds)})` : '';
}

/** A line a node, from commit to commit; no lines when there were not two steps to measure between. */
export function figuresLines(recordings: readonly NodeRecording[]): string[] {
  const measured = recordings.filter(({ figures }) => figures.steps > 0 && figures.wallSeconds > 0);
  if (measured.length === 0) return [];
  const rows = measured.map(({ node, figures, usage }) => [
    node,
    formatShare(figures.idleShare),
    mostly(figures),
    formatBytes(total(figures.sent) / figures.steps),
    formatBytes(total(figures.received) / figures.steps),
    formatBytes(usage.tensorBytes),
  ]);
  return formatTable(columns, rows);
}
