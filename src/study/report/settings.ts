// What was run, and on what.

import { formatQuantity } from '../quantity.ts';
import type { Comparison, Machine } from '../results.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';

export const definitions = (facts: readonly (readonly [string, string | undefined])[]): Html =>
  html`<dl>
    ${facts.map(
      ([term, text]) =>
        text !== undefined &&
        html`<div>
          <dt>${term}</dt>
          <dd>${text}</dd>
        </div>`,
    )}
  </dl>`;

/** What all of it ran on, and the time of something. */
export const machineFacts = (machine: Machine, time: readonly [string, string]): Html =>
  definitions([
    ['processor', machine.cpu],
    ['cores', String(machine.cores)],
    ['memory', formatQuantity(machine.memoryBytes, 'bytes')],
    ['system', machine.os],
    ['Node', machine.node],
    ['engine', machine.engine],
    time,
  ]);

export function settingsSection({ settings, machine, runs, started }: Comparison): Html {
  const shipped = runs.find((run) => run.shipped)?.shipped;
  const repeats = new Set(runs.map(({ repeat }) => repeat)).size;
  return html`<section id="settings">
    <h2>What was run, and on what</h2>
    <div class="pair">
      <div>
        <h3>Settings</h3>
        ${definitions([
          ...Object.entries(settings.training),
          ['nodes', `${settings.nodes}, servers included`],
          ['batch', `${settings.globalBatch} samples over all nodes`],
          ['samples', settings.samples.toLocaleString('en-US')],
          ['repeats', String(repeats)],
          ['seed', String(settings.seed)],
          [
            'target accuracy',
            settings.targetAccuracy === undefined
              ? undefined
              : formatQuantity(settings.targetAccuracy, 'share'),
          ],
          ['links', settings.link],
        ])}
      </div>
      <div>
        <h3>Machine</h3>
        ${machineFacts(machine, ['begun', started])}
        ${
          shipped &&
          html`<p>
            A parameter server’s workers and those of all-reduce hold the samples themselves: before
            the clock started, ${formatQuantity(shipped.bytes, 'bytes')} were brought to them in
            ${formatQuantity(shipped.seconds, 'seconds')}. In a ring, samples and labels stay where
            they are.
          </p>`
        }
      </div>
    </div>
  </section>`;
}
