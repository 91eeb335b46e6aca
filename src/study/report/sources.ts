// How each figure was obtained: measured or modelled, by what, and how far it may be off. A number
// without that is a rumour.

import type { EnergyReport } from '../../ports.ts';
import { formatQuantity } from '../quantity.ts';
import type { Comparison, NodeResult } from '../results.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';

interface Source {
  readonly figure: string;
  readonly kind: string;
  readonly source: string;
  readonly error: string;
}

function energySources({ runs }: Comparison): Source[] {
  const ofHost = runs.flatMap(({ energy }) => energy ?? []);
  const ofNodes = runs.flatMap(({ nodes }) => nodes.flatMap(({ energy }) => energy ?? []));
  return [
    ...energyRows('energy', ofHost, ': the whole host, one figure for all nodes of a run'),
    ...energyRows(ofHost.length > 0 ? 'energy of a node' : 'energy', ofNodes, ''),
  ];
}

/** A row for each source. */
function energyRows(figure: string, reports: readonly EnergyReport[], what: string): Source[] {
  const bySource = new Map<string, EnergyReport[]>();
  for (const report of reports) {
    const key = `${report.kind} ${report.source}`;
    bySource.set(key, [...(bySource.get(key) ?? []), report]);
  }
  return [...bySource.values()].map((of) => {
    const { kind, source: name, errorBand } = of[0]!;
    const source = `${name}${kind === 'modelled' ? modelText : what}`;
    const missed = of.reduce((sum, report) => sum + (report.missed?.seconds ?? 0), 0);
    const band = errorBand
      ? `±${formatQuantity(errorBand.relative, 'share')}: ${errorBand.basis}`
      : 'not stated by its source';
    return {
      figure,
      kind,
      source,
      error: missed > 0 ? `${band}; ${formatQuantity(missed, 'seconds')} could not be read` : band,
    };
  });
}

const throttledSource: Source = {
  figure: 'throttled time',
  kind: 'measured',
  source: 'the kernel’s cpu.stat of the innermost control group with a quota, all its processes',
  error: 'processes of one group share the figure',
};

const redundantSource: Source = {
  figure: 'redundant computing',
  kind: 'measured',
  source:
    'busy time of steps that were done again or given up, and of gradients by the share of pushes whose weights had been updated since',
  error: 'of a stale push, all its time counts, however stale it is',
};

const has = (comparison: Comparison, is: (node: NodeResult) => boolean): boolean =>
  comparison.runs.some(({ nodes }) => nodes.some(is));

const modelText =
  ': watts of standing there and of computing, by how busy the node was, and joules for each byte';

export function sourcesSection(comparison: Comparison): Html {
  const clockError = Math.max(
    0,
    ...comparison.runs.flatMap(({ nodes }) => nodes.map(({ timeline }) => timeline.errorSeconds)),
  );
  const sources: readonly Source[] = [
    {
      figure: 'times, samples/s',
      kind: 'measured',
      source: 'the clock of the node that starts the run, first step to last commit',
      error: 'spread over the repeats',
    },
    {
      figure: 'idle time',
      kind: 'measured',
      source:
        'one minus the time of the engine’s kernels, first to last commit; the time in which the model is tested or saved is left out; each wait is booked on what the node said it waited for',
      error: 'a thread that a CPU quota stops looks busy: see throttled time',
    },
    ...(has(comparison, ({ throttledSeconds }) => throttledSeconds !== undefined)
      ? [throttledSource]
      : []),
    ...(has(comparison, ({ figures }) => figures.thrownAwaySeconds + figures.staleSeconds > 0)
      ? [redundantSource]
      : []),
    {
      figure: 'timeline',
      kind: 'measured',
      source: 'every node’s own clock, aligned over its link',
      error: clockError > 0 ? `±${formatQuantity(clockError, 'seconds')}` : 'one clock',
    },
    {
      figure: 'bytes',
      kind: 'measured',
      source:
        'whole frames of the protocol, counted where they leave, without TCP’s own headers; on the busiest link, both ways together',
      error: 'exact',
    },
    {
      figure: 'memory',
      kind: 'measured',
      source:
        'the operating system’s peak of the process; of tensors, what the engine had allocated at its peak',
      error: 'the process’s holds its program too',
    },
    ...energySources(comparison),
    {
      figure: 'loss, accuracy',
      kind: 'measured',
      source: 'computed in training; accuracy on the test samples after it',
      error: 'synchronous ways differ by the rounding of sums',
    },
  ];
  return html`<section id="sources">
    <h2>How each figure was obtained</h2>
    <div class="scroll" tabindex="0" role="region" aria-label="Sources of the figures">
      <table class="texts">
        <thead>
          <tr>
            <th scope="col">figure</th>
            <th scope="col">how</th>
            <th scope="col">source</th>
            <th scope="col">error</th>
          </tr>
        </thead>
        <tbody>
          ${sources.map(
            ({ figure, kind, source, error }) =>
              html`<tr>
                <th scope="row">${figure}</th>
                <td><span class="kind">${kind}</span></td>
                <td>${source}</td>
                <td>${error}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}
