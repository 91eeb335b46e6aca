// One row a run and node, for whoever wants to reckon on: units stand in the names of the columns.
// RFC 4180. Pure.

import { busiestLink } from '../meter/figures.ts';
import type { Figures } from '../meter/figures.ts';
import { describeDevices, rateOf } from './devices.ts';
import { energiesOf } from './results.ts';
import type { Comparison, NodeResult, Run } from './results.ts';
import type { Trial } from './study.ts';

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

const lines = (rows: readonly (readonly Cell[])[]): string =>
  rows.map((row) => `${row.map(cellText).join(',')}\r\n`).join('');

const figureNames = [...Object.keys(runColumns), ...Object.keys(nodeColumns)];

const figuresOf = (run: Run, node: NodeResult): readonly Cell[] => [
  ...Object.values(runColumns).map((value) => value(run)),
  ...Object.values(nodeColumns).map((value) => value(node)),
];

/** The file results.csv; an empty cell is a figure that there is not. */
export const toCsv = ({ runs }: Comparison): string =>
  lines([figureNames, ...runs.flatMap((run) => run.nodes.map((node) => figuresOf(run, node)))]);

const trialColumns: Readonly<Record<string, (trial: Trial) => Cell>> = {
  workload: ({ condition }) => condition.workload,
  layers: ({ condition }) => (condition.training['model'] as readonly unknown[]).length,
  batch: ({ condition }) => condition.training['batch'] as number,
  microbatches: ({ condition }) => condition.training['microbatches'] as number,
  variant: ({ condition: { variant } }) =>
    [variant.architecture, variant.consistency].filter(Boolean).join(' '),
  devices: ({ condition }) => describeDevices(condition.devices),
  nodes: ({ condition }) => condition.devices.length,
  link_bits_per_second: ({ condition }) => rateOf(condition.devices),
  device_memory_bytes: ({ condition }) => condition.devices[0]!.memoryBytes,
  place: ({ place }) => place.kind,
  scale: ({ place }) => place.scale,
  trial_repeat: ({ repeat }) => repeat,
  failed: ({ outcome }) => (outcome.kind === 'failed' ? outcome.code : undefined),
};

/** The same of studies: the condition before the figures, and a row without any where a run failed. */
export const trialsToCsv = (trials: readonly Trial[]): string =>
  lines([
    [...Object.keys(trialColumns), ...figureNames],
    ...trials.flatMap((trial) => {
      const condition = Object.values(trialColumns).map((value) => value(trial));
      if (trial.outcome.kind === 'failed') return [condition];
      const { run } = trial.outcome;
      return run.nodes.map((node) => [...condition, ...figuresOf(run, node)]);
    }),
  ]);
