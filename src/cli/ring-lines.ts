// What is said of a ring while it forms, and forms anew, to whoever started it.

import type { ResolvedTraining } from '../model/training.ts';
import type { NodeReport, Report } from '../node.ts';
import type { EngineDescription } from '../ports.ts';
import { formatCount, formatNumberOf, formatSeconds } from './format.ts';
import type { TrainingProgress } from './training-progress.ts';
import { ringTable, ringWarnings } from './ring-table.ts';

export const engineLine = ({ name, threads }: EngineDescription): string =>
  `engine: ${name}${threads > 1 ? `, ${threads} threads` : ''}`;

export const waitingLines = (workers: number, invitations: readonly string[]): string[] => [
  `waiting for ${formatNumberOf(workers, 'worker')}: on ${workers > 1 ? 'each of the other devices' : 'the other device'}, run`,
  ...invitations.map((invitation) => `  ringtmp join ${invitation}`),
  ...(invitations.length > 1 ? ['(the one whose address that device can reach)'] : []),
];

export function joinedLine(report: Extract<Report, { kind: 'joined' }>): string {
  const { node, name, joined, wanted } = report;
  const missing = joined < wanted ? ` (${formatNumberOf(wanted - joined, 'worker')} missing)` : '';
  return `${node} joined: ${name}${missing}`;
}

export const ringLines = (nodes: readonly NodeReport[], training: ResolvedTraining): string[] => [
  '',
  ...ringTable(nodes, training),
  '',
  ...ringWarnings(nodes, training).map((warning) => `warning: ${warning}`),
];

/** Over whom, why, how long it took, and what has to be done again. */
export function reformedLine(
  { nodes, step, replay, cause }: Extract<Report, { kind: 'reformed' }>,
  { reformSeconds }: TrainingProgress,
): string {
  const why = {
    lost: '',
    joined: ' with the newcomer',
    slow: ' by the speeds that were measured',
  }[cause];
  const again = replay === 0 ? 'no step is lost' : `${formatNumberOf(replay, 'step')} to do again`;
  const isCut = nodes.some(({ stages }) => stages[0]!.from > 0);
  return `${isCut ? 'layers cut anew' : 'formed anew'} over ${formatNumberOf(nodes.length, 'node')}${why}, in ${formatSeconds(reformSeconds)}: on from step ${formatCount(step)}, ${again}`;
}

export function resumingLine(
  folder: string,
  { step, savedStep }: TrainingProgress,
  steps: number,
): string {
  const saved = savedStep === undefined ? 'no checkpoint' : `a checkpoint of step ${savedStep}`;
  return `${folder} is taken up again: ${formatCount(step)} of ${formatNumberOf(steps, 'step')} were done, and there is ${saved}`;
}
