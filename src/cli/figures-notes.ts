// What a table of nodes cannot hold: figures of the run as a whole, in a line each, and none where there
// is nothing to say.

import { busiestLink } from '../meter/figures.ts';
import type { EnergyReport } from '../ports.ts';
import type { DeviceProfile } from '../power/index.ts';
import { formatQuantity } from '../study/quantity.ts';
import { modelledEnergy } from './energy.ts';
import { formatBytes, formatShare } from './format.ts';
import type { NodeRecording } from './node-recording.ts';

export interface RunFacts {
  /** Samples of a step. */
  readonly batch: number;
  /** Energy is also modelled, as of such devices. */
  readonly profile?: DeviceProfile;
  /** Why this device's sensors cannot be read. */
  readonly unreadable?: string;
}

export function figuresNotes(
  recordings: readonly NodeRecording[],
  { batch, profile, unreadable }: RunFacts,
): string[] {
  const measured = recordings.filter(({ figures }) => figures.steps > 0 && figures.wallSeconds > 0);
  const [first] = measured;
  if (!first) return [];
  const samples = first.figures.steps * batch;
  const modelled = profile && measured.map(({ figures }) => modelledEnergy(profile, figures));
  const sensors = measured.flatMap(({ node, energy }) => (energy ? [{ node, energy }] : []));
  return [
    ...busiestNote(measured),
    ...redundancyNotes(measured),
    ...throttlingNotes(measured),
    ...pauseNotes(first),
    ...(unreadable === undefined ? [] : [unreadable]),
    ...sensors.map(({ node, energy }) => {
      const whose = sensors.length > 1 ? ` on ${node}` : '';
      return `energy${whose}: ${energyText(energy, samples)}; all that runs on that host is in it`;
    }),
    ...(modelled ? [`energy: ${energyText(sumOf(modelled), samples)}; ${devices(modelled)}`] : []),
  ];
}

const devices = ({ length }: readonly unknown[]): string =>
  length === 1 ? 'of one such device' : `of ${length} such devices together`;

function busiestNote(recordings: readonly NodeRecording[]): string[] {
  const links = recordings.map(({ node, figures }) => ({ node, figures, ...busiestLink(figures) }));
  const [most] = links.sort((a, b) => b.bytes / b.figures.steps - a.bytes / a.figures.steps);
  if (!most || most.bytes === 0) return [];
  return [
    `busiest link: ${most.node} and ${most.to}, ${formatBytes(most.bytes / most.figures.steps)} a step both ways`,
  ];
}

function redundancyNotes(recordings: readonly NodeRecording[]): string[] {
  const total = (seconds: (figures: NodeRecording['figures']) => number): number =>
    recordings.reduce((sum, { figures }) => sum + seconds(figures), 0);
  const busy = total(({ busySeconds }) => Object.values(busySeconds).reduce((a, b) => a + b, 0));
  const thrownAway = total((figures) => figures.thrownAwaySeconds);
  const stale = total((figures) => figures.staleSeconds);
  const line = (what: string, seconds: number): string[] =>
    seconds > 0 ? [`${what}: ${formatShare(seconds / busy)} of the computing`] : [];
  return [
    ...line('computed and thrown away', thrownAway),
    ...line('computed on stale weights', stale),
  ];
}

/** Processes of one group share a quota: the group's figure once. */
function throttlingNotes(recordings: readonly NodeRecording[]): string[] {
  const throttled = recordings.filter(({ usage }) => (usage.throttledSeconds ?? 0) > 0);
  return throttled.map(({ node, usage: { throttledSeconds = 0, ...usage } }) => {
    const { engineCpuSeconds: cpu, engineBusySeconds: busy } = usage;
    const ran =
      cpu === undefined || busy === undefined
        ? ''
        : `; its engine says busy for ${busy.toFixed(1)} s, its thread ran for ${cpu.toFixed(1)} s`;
    return `throttled by a CPU quota: ${node} for ${throttledSeconds.toFixed(1)} s with its group${ran}`;
  });
}

function pauseNotes({ figures: { pausedSeconds } }: NodeRecording): string[] {
  if (pausedSeconds <= 0) return [];
  return [`left out of these figures: ${pausedSeconds.toFixed(1)} s of testing and saving`];
}

/** `12.3 J measured by RAPL package-0, 1.2 mJ a sample: 10 J of it for idling, 2.3 J beyond`. */
function energyText(report: EnergyReport, samples: number): string {
  const { kind, source, total, floorJoules, marginalJoules, errorBand, missed } = report;
  const joules = (value: number): string => formatQuantity(value, 'joules');
  const split =
    floorJoules === undefined || marginalJoules === undefined
      ? ''
      : `: ${joules(floorJoules)} for idling, ${joules(marginalJoules)} beyond`;
  const band = errorBand ? ` ± ${formatQuantity(errorBand.relative, 'share')}` : '';
  const each = missed
    ? `, ${missed.seconds.toFixed(1)} s not held (${missed.reason})`
    : `, ${joules(total / samples)} a sample`;
  return `${joules(total)}${band} ${kind} by ${source.replace(/^model /, 'the model of ')}${each}${split}`;
}

/** Of devices of one kind. */
const sumOf = (reports: readonly EnergyReport[]): EnergyReport => {
  const sum = (of: (report: EnergyReport) => number): number =>
    reports.reduce((total, report) => total + of(report), 0);
  return {
    ...reports[0]!,
    total: sum(({ total }) => total),
    floorJoules: sum(({ floorJoules = 0 }) => floorJoules),
    marginalJoules: sum(({ marginalJoules = 0 }) => marginalJoules),
  };
};
