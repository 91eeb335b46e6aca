// The report of a comparison: one page that holds all it needs, to be opened from a disk, sent by mail,
// printed. It says first what came out, then shows it, then says how it was found out.

import { groupRuns } from '../groups.ts';
import type { Comparison } from '../results.ts';
import { judge } from '../verdict.ts';
import { costSection, memorySection } from './costs.ts';
import { html } from './html.ts';
import { idleSection } from './idle.ts';
import { lossSection } from './loss.ts';
import { nodesSection } from './nodes.ts';
import { textures } from './palette.ts';
import { settingsSection } from './settings.ts';
import { sourcesSection } from './sources.ts';
import { style } from './style.ts';
import { summary } from './summary.ts';
import { timelineSection } from './timeline.ts';

/** The page, as the text of an HTML file. It refers to results.csv and results.json beside it. */
export function renderReport(comparison: Comparison): string {
  const groups = groupRuns(comparison);
  const verdict = judge(comparison);
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${comparison.title}: ${verdict.headline}</title>
        <style>
          ${style}
        </style>
      </head>
      <body>
        ${textures}
        <main>
          ${summary(comparison, groups, verdict)} ${lossSection(groups)} ${idleSection(groups)}
          ${timelineSection(groups)} ${costSection(groups)} ${memorySection(groups)}
          ${nodesSection(groups)} ${settingsSection(comparison)} ${sourcesSection(comparison)}
          <footer>Made by RingTMP.</footer>
        </main>
      </body>
    </html> `;
  return page.text;
}
