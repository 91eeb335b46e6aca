// What is said of a ring while it forms, to whoever started it.

import type { ResolvedTraining } from '../model/training.ts';
import type { NodeReport, Report } from '../node.ts';
import type { EngineDescription } from '../ports.ts';
import { formatNumberOf } from './format.ts';
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
