// A picture of a schedule: one row a node, one column a tick of time. For people who want to see
// where a ring waits, and for tests that say literally what a schedule must be.

import { describeWork } from '../meter/works.ts';
import type { NodeId } from '../node.ts';
import type { Span } from './simulator.ts';

/** Draws the spans that last; `tick` is the seconds of one column. An idle tick is a dot. */
export function drawSchedule(spans: readonly Span[], tick: number): string {
  const lasting = spans.filter(({ start, end }) => end > start);
  const nodes: NodeId[] = [...new Set(spans.map(({ node }) => node))];
  const begin = Math.min(...lasting.map(({ start }) => start));
  const columns = Math.round((Math.max(...lasting.map(({ end }) => end)) - begin) / tick);
  const width = Math.max(...lasting.map(({ work }) => describeWork(work).label.length), 1);
  const nameWidth = Math.max(...nodes.map((node) => node.length));
  return nodes
    .map((node) => {
      const row = Array.from({ length: columns }, () => '.'.padEnd(width));
      for (const { work, start, end } of lasting.filter((span) => span.node === node))
        for (
          let at = Math.round((start - begin) / tick);
          at < Math.round((end - begin) / tick);
          at += 1
        )
          row[at] = describeWork(work).label.padEnd(width);
      return `${node.padEnd(nameWidth)} | ${row.join(' ')}`.trimEnd();
    })
    .join('\n');
}
