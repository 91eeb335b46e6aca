// The top of the page: what came out, in words and then in one table.

import type { Group } from '../groups.ts';
import { metrics, valuesOf } from '../groups.ts';
import { formatQuantity } from '../quantity.ts';
import type { Comparison } from '../results.ts';
import { estimate, mean } from '../statistics.ts';
import { tableNotes } from '../table.ts';
import type { Finding, Verdict } from '../verdict.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';
import { colourOf, symbols } from './palette.ts';
import { glyph } from './plot.ts';
import * as Plot from '@observablehq/plot';

export function summary(comparison: Comparison, groups: readonly Group[], verdict: Verdict): Html {
  const { settings, started } = comparison;
  return html`<header>
      <p class="kicker">${comparison.title}</p>
      <h1>${verdict.headline}</h1>
      <p class="lede">${verdict.sentences.join(' ')}</p>
      <p class="note">
        ${settings.nodes} nodes · ${settings.samples.toLocaleString('en-US')} samples a run ·
        ${settings.link} ·
        ${started.slice(0, 16).replace('T', ' ')}${started.endsWith('Z') && ' UTC'}
      </p>
    </header>
    <section id="outcome">
      <h2>Outcome</h2>
      <div class="scroll" tabindex="0" role="region" aria-label="Outcome by architecture">
        ${figuresTable(groups)}
      </div>
      <p class="note">${tableNotes(comparison).join(' ')} The best of each column is marked ★.</p>
      ${
        verdict.better.length + verdict.worse.length > 0 &&
        html`<div class="verdicts">
          ${column('Where the ring is better', '+', verdict.better)}
          ${column('Where the ring loses', '−', verdict.worse)}
          ${column('No difference', '=', verdict.even)}
        </div>`
      }
    </section>`;
}

const column = (title: string, sign: string, findings: readonly Finding[]): Html =>
  html`<div>
    <h3><span class="sign" aria-hidden="true">${sign}</span> ${title}</h3>
    ${
      findings.length === 0
        ? html`<p>Nowhere.</p>`
        : html`<ul>
            ${findings.map(
              ({ metric, own, others }) =>
                html`<li>
                  <strong>${metric.name}</strong> ${own}, against
                  ${others.map(({ name, value }) => `${value} (${name})`).join(', ')}
                </li>`,
            )}
          </ul>`
    }
  </div>`;

function figuresTable(groups: readonly Group[]): Html {
  const columns = metrics
    .map((metric) => ({ metric, values: groups.map((group) => valuesOf(group, metric)) }))
    .filter(({ values }) => values.some((of) => of.length > 0));
  return html`<table>
    <thead>
      <tr>
        <th scope="col">architecture</th>
        ${columns.map(({ metric }) => html`<th scope="col">${metric.name}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${groups.map(
        (group, row) =>
          html`<tr>
            <th scope="row">
              ${glyph(14, 14, [
                Plot.dot([0], {
                  frameAnchor: 'middle',
                  r: 5,
                  symbol: symbols[group.architecture],
                  fill: colourOf(group.architecture),
                  stroke: colourOf(group.architecture),
                }),
              ])}
              ${group.name}
            </th>
            ${columns.map(({ metric, values }) => {
              const own = values[row]!;
              if (own.length < group.runs.length)
                return html`<td>
                  ${own.length === 0 ? '–' : `in ${own.length} of ${group.runs.length}`}
                </td>`;
              const texts = values.map((of) => (of.length > 0 ? mean(of) : undefined));
              const shown = formatQuantity(estimate(own), metric.quantity);
              return html`<td class="${isBest(mean(own), texts, metric) ? 'best' : ''}">
                ${shown}
                <span
                  class="bar"
                  style="--length:${barLength(mean(own), texts)};--colour:${colourOf(group.architecture)}"
                ></span>
              </td>`;
            })}
          </tr>`,
      )}
    </tbody>
  </table>`;
}

/** Nobody is best where all look the same. */
function isBest(
  own: number,
  all: readonly (number | undefined)[],
  { better, quantity }: (typeof metrics)[number],
): boolean {
  const values = all.filter((value) => value !== undefined);
  const shown = values.map((value) => formatQuantity(value, quantity));
  const best = better === 'less' ? Math.min(...values) : Math.max(...values);
  return (
    new Set(shown).size > 1 && formatQuantity(own, quantity) === formatQuantity(best, quantity)
  );
}

function barLength(own: number, all: readonly (number | undefined)[]): string {
  const most = Math.max(...all.map((value) => value ?? 0));
  return most > 0 && own > 0 ? (own / most).toFixed(3) : '0';
}
