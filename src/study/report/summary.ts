// The top of the page: what came out, in words and then in two tables.

import * as Plot from '@observablehq/plot';

import type { Group, Metric } from '../groups.ts';
import { metrics, valuesOf } from '../groups.ts';
import { formatQuantity, quantityParts } from '../quantity.ts';
import type { Comparison } from '../results.ts';
import { estimate, mean } from '../statistics.ts';
import { tableNotes } from '../table.ts';
import { marginOf } from '../verdict.ts';
import type { Finding, Verdict } from '../verdict.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';
import { lookOf } from './palette.ts';
import { glyph } from './plot.ts';

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
      ${figuresTable(groups, 'outcome', 'Outcome by architecture')}
      <h3>What it took</h3>
      ${figuresTable(groups, 'cost', 'Cost by architecture')}
      <p class="note">
        ${tableNotes(comparison).join(' ')} ★ is the best of its column; a bar is as long as its
        figure is large.
      </p>
      ${verdict.findings.length > 0 && findingsTable(verdict.findings, groups)}
    </section>`;
}

function figuresTable(groups: readonly Group[], about: Metric['about'], label: string): Html {
  const shown = metrics.filter(
    (metric) =>
      metric.about === about && groups.some((group) => valuesOf(group, metric).length > 0),
  );
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${label}">
    <table>
      <thead>
        <tr>
          <th scope="col">architecture</th>
          ${shown.map(({ name }) => html`<th scope="col">${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${groups.map(
          (group) =>
            html`<tr>
              <th scope="row"><span class="name">${symbolOf(group)} ${group.name}</span></th>
              ${shown.map((metric) => figureCell(group, groups, metric))}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

const symbolOf = (group: Group): Html => {
  const { stroke, symbol } = lookOf(group);
  return glyph(14, 14, [Plot.dot([0], { frameAnchor: 'middle', r: 5, symbol, fill: stroke })]);
};

function figureCell(group: Group, groups: readonly Group[], metric: Metric): Html {
  const values = valuesOf(group, metric);
  if (values.length === 0) return html`<td>–</td>`;
  if (values.length < group.runs.length)
    return html`<td>in ${values.length} of ${group.runs.length}</td>`;
  const all = groups.map((other) => mean(valuesOf(other, metric))).filter(Number.isFinite);
  const own = mean(values);
  const { value, spread, unit } = quantityParts(estimate(values), metric.quantity);
  const length = own > 0 ? own / Math.max(...all) : 0;
  return html`<td class="${isBest(own, all, metric) && 'best'}">
    <span class="figure">${value}${unit && ` ${unit}`}</span>
    ${group.runs.length > 1 && html`<span class="spread">${spread !== undefined && `± ${spread}`}</span>`}
    <span class="bar" style="--length:${length.toFixed(3)};--colour:${lookOf(group).stroke}"></span>
  </td>`;
}

/** Nobody is best where all look the same. */
function isBest(own: number, all: readonly number[], { better, quantity }: Metric): boolean {
  const shown = (value: number): string => formatQuantity(value, quantity);
  const best = better === 'less' ? Math.min(...all) : Math.max(...all);
  return new Set(all.map(shown)).size > 1 && shown(own) === shown(best);
}

const signs = {
  better: { sign: '✓', word: 'better' },
  worse: { sign: '✗', word: 'worse' },
  even: { sign: '=', word: 'no difference' },
} as const;

function findingsTable(findings: readonly Finding[], groups: readonly Group[]): Html {
  const others = groups.filter((group) =>
    findings.some(({ against }) => against.some((contrast) => contrast.group.key === group.key)),
  );
  const repeats = Math.min(...groups.map(({ runs }) => runs.length));
  return html`<h3>The ring against each of the others</h3>
    <div class="scroll" tabindex="0" role="region" aria-label="The ring against each of the others">
      <table class="findings">
        <thead>
          <tr>
            <th scope="col">figure</th>
            <th scope="col">ring</th>
            ${others.map(({ name }) => html`<th scope="col">${name}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${findings.map(
            (finding) =>
              html`<tr>
                <th scope="row">${finding.metric.name}</th>
                <td>${finding.own}</td>
                ${others.map((group) => findingCell(finding, group))}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    <p class="note">
      How far the ring’s figure is from theirs, mean from mean: ✓ the ring is better, ✗ worse, = no
      difference: less than ${100 * marginOf(repeats)} %, of a share less than half a
      point${repeats > 1 ? ', or within the 95 % interval of the paired repeats' : ''}. One device
      waits for nobody and sends nothing: there it is not compared.
    </p>`;
}

function findingCell({ against }: Finding, group: Group): Html {
  const contrast = against.find((candidate) => candidate.group.key === group.key);
  if (!contrast) return html`<td>–</td>`;
  const { sign, word } = signs[contrast.outcome];
  return html`<td class="${contrast.outcome}">
    ${contrast.outcome !== 'even' && contrast.difference}
    <span class="sign" role="img" aria-label="${word}">${sign}</span>
  </td>`;
}
