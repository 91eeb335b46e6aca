// One row a run and node, for whoever wants to reckon on: units stand in the names of the columns.
// RFC 4180. Pure.

import { busiestLink } from '../meter/figures.ts';
import type { Figures } from '../meter/figures.ts';
import { energiesOf } from './results.ts';
import type { Comparison, NodeResult, Run } from './results.ts';

type Cell = string | number | undefined;

const busyKinds = ['forward', 'backward', 'weights', 'update', 'other'] as const;
const idleCauses = ['input', 'gradient', 'parameters', 'link', 'node', 'start', 'end'] as const;

const total = (traffic: Figures['sent']): number =>
  Object.values(traffic).reduce((sum, { bytes }) => sum + bytes, 0);

/** Of what `run_joules_per_sample` is. */
const energyKind = (run: Run): Cell => energiesOf(run)[0]?.kind;

const runColumns: Readonly<Record<string, (run: Run) => Cell>> = {
  architecture: (run) => run.architecture,
  consistency: (run) => run.consistency,
  repeat: (run) => run.repeat,
  run_seconds: (run) => run.seconds,
  run_seconds_to_target: (run) => run.secondsToTarget,
  run_samples_per_second: (run) => run.samplesPerSecond,
  run_bytes_per_sample: (run) => run.bytesPerSample,
  run_joules_per_sample: (run) => run.joulesPerSample,
  run_final_loss: (run) => run.finalLoss,
  run_accuracy: (run) => run.accuracy,
  run_energy_kind: (run) => energyKind(run),
  run_measured_joules: (run) => run.energy?.total,
  run_measured_by: (run) => run.energy?.source,
  run_measured_relative_error: (run) => run.energy?.errorBand?.relative,
  run_measured_floor_joules: (run) => run.energy?.floorJoules,
  run_measured_marginal_joules: (run) => run.energy?.marginalJoules,
  run_shipped_bytes: (run) => run.shipped?.bytes,
  run_shipped_seconds: (run) => run.shipped?.seconds,
};

const nodeColumns: Readonly<Record<string, (node: NodeResult) => Cell>> = {
  node: (node) => node.node,
  role: (node) => node.role,
  wall_seconds: ({ figures }) => figures.wallSeconds,
  paused_seconds: ({ figures }) => figures.pausedSeconds,
  steps: ({ figures }) => figures.steps,
  idle_share: ({ figures }) => figures.idleShare,
  ...Object.fromEntries(
    busyKinds.map((kind) => [
      `busy_${kind}_seconds`,
      ({ figures }: NodeResult) => figures.busySeconds[kind],
    ]),
  ),
  ...Object.fromEntries(
    idleCauses.map((cause) => [
      `idle_${cause}_seconds`,
      ({ figures }: NodeResult) => figures.idleSeconds[cause],
    ]),
  ),
  serialise_seconds: ({ figures }) => figures.serialiseSeconds,
  sent_bytes: ({ figures }) => total(figures.sent),
  received_bytes: ({ figures }) => total(figures.received),
  busiest_link_bytes: ({ figures }) => busiestLink(figures).bytes,
  thrown_away_seconds: ({ figures }) => figures.thrownAwaySeconds,
  stale_seconds: ({ figures }) => figures.staleSeconds,
  peak_memory_bytes: (node) => node.peakMemoryBytes,
  tensor_bytes: (node) => node.tensorBytes,
  cpu_seconds: (node) => node.cpuSeconds,
  engine_cpu_seconds: (node) => node.engineCpuSeconds,
  engine_busy_seconds: (node) => node.engineBusySeconds,
  throttled_seconds: (node) => node.throttledSeconds,
  energy_kind: ({ energy }) => energy?.kind,
  energy_source: ({ energy }) => energy?.source,
  energy_relative_error: ({ energy }) => energy?.errorBand?.relative,
  energy_joules: ({ energy }) => energy?.total,
  energy_seconds: ({ energy }) => energy?.seconds,
  energy_floor_joules: ({ energy }) => energy?.floorJoules,
  energy_marginal_joules: ({ energy }) => energy?.marginalJoules,
  energy_compute_joules: ({ energy }) => energy?.computeJoules,
  energy_radio_joules: ({ energy }) => energy?.radioJoules,
};

/** A cell that a spreadsheet would take for a formula is text. */
function cellText(cell: Cell): string {
  if (typeof cell !== 'string') return cell === undefined ? '' : String(cell);
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The file results.csv; an empty cell is a figure that there is not. */
export function toCsv({ runs }: Comparison): string {
  const header = [...Object.keys(runColumns), ...Object.keys(nodeColumns)];
  const rows = runs.flatMap((run) =>
    run.nodes.map((node) => [
      ...Object.values(runColumns).map((value) => value(run)),
      ...Object.values(nodeColumns).map((value) => value(node)),
    ]),
  );
  return [header, ...rows].map((row) => `${row.map(cellText).join(',')}\r\n`).join('');
}
