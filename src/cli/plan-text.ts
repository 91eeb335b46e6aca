// A plan as a person reads it, and as a program does.

import type { Board } from '../expectation/boards.ts';
import { inBytes, inSeconds, nameOfArchitecture } from '../expectation/choose.ts';
import type { Choice } from '../expectation/choose.ts';
import { isAble } from '../expectation/expect.ts';
import type { Expectation, Outlook } from '../expectation/expect.ts';
import type { Setting } from '../expectation/setting.ts';
import type { DeviceProfile } from '../power/index.ts';
import type { CalibratedDevice } from './calibration.ts';
import { formatCount } from './format.ts';
import { describeLink } from './link-flag.ts';
import { describeKinds, describeRange } from './ring-table.ts';
import { formatTable } from './table.ts';

export type PlannedArchitecture = Outlook & { readonly joulesPerSample?: number };

export interface Plan {
  readonly title: string;
  readonly setting: Setting;
  readonly calibrated: CalibratedDevice;
  /** What this machine was scaled to, and whose power is modelled. */
  readonly board?: Board;
  readonly profile?: DeviceProfile;
  readonly outlooks: readonly PlannedArchitecture[];
  readonly choice: Choice;
}

type Planned = Expectation & { readonly joulesPerSample?: number };

const left = (title: string) => ({ title });
const right = (title: string) => ({ title, align: 'right' as const });

export function planText(plan: Plan): string {
  const lines = [
    ...heading(plan),
    '',
    ...summary(plan),
    '',
    ...ringCut(plan),
    ...choiceLines(plan),
    '',
    ...formulas(plan),
  ];
  return `${lines.join('\n')}\n`;
}

function heading({ title, setting, calibrated, board, profile }: Plan): string[] {
  const { batch, microbatches } = setting.training.resolved;
  const device = profile?.device ?? 'devices like this one';
  const error = `${(100 * calibrated.medianError).toFixed(0)} %`;
  return [
    `${title}: ${setting.nodes} x ${device}, links of ${describeLink(setting.link)}`,
    `a step is ${batch} samples in ${microbatches} microbatches`,
    `constants: ${calibrated.works} works timed here with ${calibrated.engine}, fitted within ${error} (median)`,
    ...(board
      ? [`scaled to ${board.name} by its published Linpack figure (${board.citation})`]
      : []),
  ];
}

function summary({ outlooks, profile }: Plan): string[] {
  const columns = [
    left('architecture'),
    right('step'),
    right('samples/s'),
    right('idle'),
    right('sent a step'),
    right('busiest link'),
    right('memory'),
    ...(profile ? [right('J/sample')] : []),
    right('at least'),
    right('by formula'),
  ];
  const rows = outlooks
    .filter(isAble)
    .map((each: Planned) => [
      each.architecture,
      inSeconds(each.stepSeconds),
      formatRate(each.samplesPerSecond),
      `${(100 * each.idleShare).toFixed(0)} %`,
      inBytes(each.sentBytes),
      inBytes(each.busiestPortBytes),
      inBytes(Math.max(...each.nodes.map(({ memoryBytes }) => memoryBytes))),
      ...(profile ? [each.joulesPerSample!.toPrecision(2)] : []),
      inSeconds(each.bounds.leastSeconds),
      inSeconds(each.bounds.usualSeconds),
    ]);
  return [
    ...formatTable(columns, rows),
    'expected, not measured: idle is the mean over devices; busiest link, one way through the port of the device that',
    'sends or receives most; memory, of the device that needs most' +
      (profile ? '; joules are modelled' : ' (--device adds modelled joules)'),
  ];
}

/** Who would hold which layers in the ring. */
function ringCut({ outlooks, setting }: Plan): string[] {
  const ring = outlooks.filter(isAble).find(({ architecture }) => architecture === 'ring');
  if (!ring) return [];
  const { layers } = setting.training.resolved;
  const columns = [
    left('the ring'),
    left('layers'),
    left('which are'),
    right('window'),
    right('computes'),
    right('idle'),
    right('sends'),
    right('memory'),
  ];
  const rows = ring.nodes.map(({ node, stages, ...each }) => [
    node,
    stages.map(describeRange).join(' and '),
    describeKinds(stages.flatMap(({ from, to }) => layers.slice(from, to))),
    stages.map(({ window }) => window).join(' and '),
    inSeconds(each.busySeconds),
    `${(100 * each.idleShare).toFixed(0)} %`,
    inBytes(each.sentBytes),
    inBytes(each.memoryBytes),
  ]);
  return [...formatTable(columns, rows), ''];
}

function choiceLines({ choice }: Plan): string[] {
  const what =
    choice.architecture === undefined
      ? 'none of them can train this model here'
      : `choose ${nameOfArchitecture[choice.architecture]}`;
  return [what, ...choice.why.map((sentence) => `  ${sentence}`)];
}

function formulas({ setting }: Plan): string[] {
  const weights = setting.training.resolved.layers
    .flatMap(({ parameters }) => parameters)
    .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 4), 0);
  const { nodes, link } = setting;
  const { microbatches } = setting.training.resolved;
  return [
    `by formula, with |W| = ${inBytes(weights)}, n = ${nodes}, m = ${microbatches}, r = ${inBytes(link.bytesPerSecond)}/s (docs/plan.md):`,
    '  time of a work      flops, bytes, operators and calls of its graph, each times a constant of the device',
    '  one device alone    m x (forward + backward + weights of all layers)',
    '  ring                (m - 1) x slowest device or hop + all stages once + all hops there and back',
    '  parameter server    compute of a share + 2 (n - 1) |W| / r through the server; at least the greater of compute and (n - 1) |W| / r',
    '  beside the workers, and all-reduce    compute of a share + 2 (n - 1) / n |W| / r; at least the greater of the two',
    ...(link.kind === 'shared'
      ? ['  on a shared medium  all devices take turns, and each frame crosses it twice']
      : []),
  ];
}

const formatRate = (rate: number): string => (rate < 10 ? rate.toFixed(2) : formatCount(rate));

/** All figures, in seconds, bytes and joules. */
export function planJson({ title, setting, calibrated, board, outlooks, choice }: Plan): object {
  const { nodes, link, device, training } = setting;
  const { batch, microbatches } = training.resolved;
  return {
    title,
    nodes,
    batch,
    microbatches,
    link,
    device: { ...device, ...(board && { board: board.name }) },
    calibration: {
      engine: calibrated.engine,
      works: calibrated.works,
      medianError: calibrated.medianError,
    },
    architectures: outlooks,
    choice,
  };
}
