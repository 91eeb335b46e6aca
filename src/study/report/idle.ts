// Where each node's time went, from commit to commit: computing, and waiting by what it waited for.

import type { PlotOptions } from '@observablehq/plot';

import type { IdleCause } from '../../meter/timeline.ts';
import type { Group, NodeRepeats } from '../groups.ts';
import { labelOf, nodesOf } from '../groups.ts';
import { causeShare } from '../measures.ts';
import { formatQuantity } from '../quantity.ts';
import { mean } from '../statistics.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';
import { areaLegend } from './legend.ts';
import { fillOf, idleCauses } from './palette.ts';
import type { Canvas } from './plot.ts';
import { drawing, fullWidth } from './plot.ts';
import type { BarRow, Segment } from './rows.ts';
import { rowsOfBars } from './rows.ts';

const causes = Object.keys(idleCauses) as IdleCause[];

/** What `idleBars` is made of. */
export function idleLegend(groups: readonly Group[]): Html {
  const seen = causes.filter((cause) =>
    groups.some((group) => nodesOf(group).some((node) => meanShare(node, cause) > 0)),
  );
  return areaLegend([
    { name: 'computes', fill: fillOf('busy') },
    ...seen.map((cause) => ({ name: idleCauses[cause], fill: fillOf(cause) })),
  ]);
}

/** A bar a node: computing, and waiting by its cause. */
export const idleBars = (groups: readonly Group[], canvas: Canvas): PlotOptions =>
  rowsOfBars(
    groups.map((group) => ({ title: group.name, rows: nodesOf(group).map(idleRow) })),
    { domain: [0, 1], axis: 'share of the time', tickFormat: (share) => `${100 * share} %` },
    canvas,
  );

export function idleSection(groups: readonly Group[]): Html {
  return html`<section id="idle">
    <h2>Idle time</h2>
    <p>
      Each bar is a node’s time between its first and its last commit, without that in which the
      model was tested or saved. In its solid part the node computed; in the rest it waited, and the
      figure at the end is how much that was.
    </p>
    ${idleLegend(groups)}
    <figure>
      ${drawing('Share of time in which each node computes and waits', fullWidth, (canvas) =>
        idleBars(groups, canvas),
      )}
    </figure>
  </section>`;
}

/** The mean over the repeats. */
const meanShare = ({ results }: NodeRepeats, cause: IdleCause): number =>
  mean(results.map(({ figures }) => causeShare(figures, cause)));

function idleRow(node: NodeRepeats): BarRow {
  const idle = mean(node.results.map(({ figures }) => figures.idleShare));
  const percent = (share: number): string => `${Math.round(100 * share)} %`;
  const segments: Segment[] = [
    {
      from: 0,
      to: 1 - idle,
      fill: fillOf('busy'),
      label: percent(1 - idle),
      ink: 'var(--on-busy)',
    },
  ];
  let from = 1 - idle;
  for (const cause of causes) {
    const share = meanShare(node, cause);
    if (share <= 0) continue;
    const to = Math.min(1, from + share);
    segments.push({ from, to, fill: fillOf(cause), label: `${cause} ${percent(share)}` });
    from = to;
  }
  return { label: labelOf(node), segments, value: formatQuantity(idle, 'share') };
}
