// Keys to the drawings: what each line, symbol and texture stands for.

import * as Plot from '@observablehq/plot';

import type { Group } from '../groups.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';
import { lookOf } from './palette.ts';
import { glyph } from './plot.ts';

const list = (items: readonly { readonly mark: Html; readonly name: string }[]): Html =>
  html`<ul class="legend">
    ${items.map(({ mark, name }) => html`<li>${mark} ${name}</li>`)}
  </ul>`;

export const lineLegend = (groups: readonly Group[]): Html =>
  list(
    groups.map((group) => {
      const { stroke, strokeDasharray, symbol } = lookOf(group);
      const mark = glyph(30, 14, [
        Plot.ruleY([0], { stroke, strokeDasharray, strokeWidth: 2 }),
        Plot.dot([0], {
          frameAnchor: 'middle',
          r: 4.5,
          symbol,
          fill: stroke,
          stroke: 'var(--paper)',
        }),
      ]);
      return { name: group.name, mark };
    }),
  );

export const areaLegend = (
  areas: readonly { readonly name: string; readonly fill: string; readonly thin?: boolean }[],
): Html =>
  list(
    areas.map(({ name, fill, thin = false }) => ({
      name,
      mark: glyph(22, 14, [
        Plot.frame({ fill, stroke: 'none', insetTop: thin ? 5 : 0, insetBottom: thin ? 5 : 0 }),
      ]),
    })),
  );
