// What studies were made on, and what may be wrong with what they say.

import type { StudyReport, TrialPlace } from '../study.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';
import { definitions, machineFacts } from './settings.ts';

const places = (report: StudyReport): readonly TrialPlace[] => [
  ...new Map(
    report.trials.map(({ place }) => [`${place.kind} ${place.description}`, place]),
  ).values(),
];

const failures = (report: StudyReport): number =>
  report.trials.filter(({ outcome }) => outcome.kind === 'failed').length;

export function studySettings(report: StudyReport): Html {
  const { machine, reported, repeats, size } = report;
  const trained = new Map(
    report.trials.map(({ condition }) => [condition.workload, condition.training]),
  );
  return html`<section id="settings">
    <h2>What was run, and on what</h2>
    <div class="pair">
      <div>
        <h3>Settings</h3>
        ${definitions([
          ['form', size],
          ['repeats', String(repeats)],
          [
            'runs',
            `${report.trials.length}, of which ${failures(report)} could not be carried out`,
          ],
          ...[...trained].map(
            ([name, { model, data }]) => [name, describeTraining(model, data)] as const,
          ),
        ])}
      </div>
      <div>
        <h3>Machine</h3>
        ${machineFacts(machine, ['reported', reported])}
      </div>
    </div>
    <h3>Devices</h3>
    <ul>
      ${places(report).map(({ description }) => html`<li>${description}</li>`)}
    </ul>
  </section>`;
}

/** `dense 512, dense 10; digits` */
function describeTraining(model: unknown, data: unknown): string {
  const layers = (model as readonly Record<string, unknown>[]).flatMap(
    ({ layer, units, filters }) => {
      const size = units ?? filters;
      return size === undefined ? [] : [`${String(layer)} ${Number(size)}`];
    },
  );
  const runs: { readonly name: string; count: number }[] = [];
  for (const name of layers) {
    const last = runs.at(-1);
    if (last?.name === name) last.count += 1;
    else runs.push({ name, count: 1 });
  }
  const list = runs.map(({ name, count }) => (count === 1 ? name : `${count} x ${name}`));
  return `${list.join(', ')}; ${(data as { readonly kind: string }).kind}`;
}

export function threats(report: StudyReport): Html {
  const kinds = new Set(report.trials.map(({ place }) => place.kind));
  const scales = [...new Set(report.trials.map(({ place }) => place.scale))].filter(
    (scale) => scale !== 1,
  );
  const own = report.chapters.flatMap(({ study, findings }) =>
    (findings.threats ?? []).map((threat) => `${study.title}: ${threat}`),
  );
  const general = [
    ...(kinds.has('lab')
      ? [
          'Devices are emulated: a share of a core in short periods, a link cut by the kernel. Caches, memory and single kernels are those of this machine, which is faster at some of them than the share says.',
        ]
      : []),
    ...(kinds.has('processes')
      ? [
          'Some runs were made by plain processes of one machine: their links are slowed down, their processors are not, and they compete for its cores.',
        ]
      : []),
    ...(scales.length > 0
      ? [
          `Some devices ran in slow motion (scale ${scales.join(', ')}), since this machine could not carry so many at full speed: seconds are longer by as much, shares are not. Steps on different numbers of devices are compared in the devices’ own seconds.`,
        ]
      : []),
    `${report.repeats === 1 ? 'One repeat: no figure has an interval, and chance is not told from effect.' : `Up to ${report.repeats} repeats: intervals are Student’s, and hold only as far as the repeats are independent of each other. What has no interval was run once: there chance is not told from effect.`} All runs were made one after the other.`,
    'Runs are short. What takes long to show, such as wear, heat and other users of a wireless network, is not in them.',
    'The parameter server and all-reduce are this program’s own, on the same engine, messages and meters as the ring. A comparison so measures how nodes are arranged, not how well other programs are written.',
  ];
  return html`<section id="threats">
    <h2>Threats to validity</h2>
    <ul>
      ${[...general, ...own].map((threat) => html`<li>${threat}</li>`)}
    </ul>
  </section>`;
}
