// A picture of a schedule: one row a node, one column a tick of time. For people who want to see
// where a ring waits, and for tests that say literally what a schedule must be.

import type { NodeId, Work } from '../node.ts';
import type { Span } from './simulator.ts';

/** What a work is called in a cell: F3 forward of microbatch 3, B3 backward, L3 loss (both), W0 weight gradients from microbatch 0 on, U update. */
export function workLabel(work: Work): string {
  switch (work.kind) {
    case 'forward':
    case 'forwardBlock':
      return `F${work.of.microbatch}`;
    case 'backward':
    case 'backwardBlock':
      return `B${work.of.microbatch}`;
    case 'loss':
    case 'lossBlock':
      return `L${work.of.microbatch}`;
    case 'weights':
    case 'weightsBlock':
      return `W${work.first}`;
    case 'addSlices':
    case 'gather':
      return '+';
    case 'norms':
    case 'replicaNorms':
    case 'measure':
      return 'N';
    case 'update':
    case 'apply':
      return 'U';
    case 'prepare':
    case 'prepareReplica':
    case 'hold':
      return 'P';
    case 'read':
    case 'write':
    case 'value':
    case 'surrender':
    case 'assemble':
    case 'readSlices':
    case 'writeSlices':
    case 'readSamples':
    case 'keepSamples':
      return 'S';
  }
}

/** Draws the spans that last; `tick` is the seconds of one column. An idle tick is a dot. */
export function drawSchedule(spans: readonly Span[], tick: number): string {
  const lasting = spans.filter(({ start, end }) => end > start);
  const nodes: NodeId[] = [...new Set(spans.map(({ node }) => node))];
  const begin = Math.min(...lasting.map(({ start }) => start));
  const columns = Math.round((Math.max(...lasting.map(({ end }) => end)) - begin) / tick);
  const width = Math.max(...lasting.map(({ work }) => workLabel(work).length), 1);
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
          row[at] = workLabel(work).padEnd(width);
      return `${node.padEnd(nameWidth)} | ${row.join(' ')}`.trimEnd();
    })
    .join('\n');
}
