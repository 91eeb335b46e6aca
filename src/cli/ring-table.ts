// Who holds which layers, as a table and in the words a person needs: and what to be warned of.

import { elementCount } from '../graph/graph.ts';
import type { ResolvedLayer, ResolvedTraining } from '../model/training.ts';
import type { NodeReport, Stage } from '../node.ts';
import { formatBytes, formatCount } from './format.ts';
import { formatTable } from './table.ts';

export const parametersOf = ({ parameters }: ResolvedLayer): number =>
  parameters.reduce((sum, { shape }) => sum + elementCount(shape), 0);

/** `0-2`, `7`, or `the loss` for a stage without layers. */
export function describeRange({ from, to }: Pick<Stage, 'from' | 'to'>): string {
  if (from >= to) return 'the loss';
  return to - from === 1 ? String(from) : `${from}-${to - 1}`;
}

/** `flatten, 2 dense, relu`: kinds in the order in which each first occurs. */
export function describeKinds(layers: readonly ResolvedLayer[]): string {
  const counts = new Map<string, number>();
  for (const { options } of layers) counts.set(options.layer, (counts.get(options.layer) ?? 0) + 1);
  return [...counts].map(([kind, count]) => (count > 1 ? `${count} ${kind}` : kind)).join(', ');
}

const left = (title: string) => ({ title });
const right = (title: string) => ({ title, align: 'right' as const });

/** Who holds which layers; or, where all hold the whole model, who does what. */
export function ringTable(nodes: readonly NodeReport[], training: ResolvedTraining): string[] {
  const haveRoles = nodes.some(({ roles }) => roles !== undefined);
  const rows = nodes.map(({ node, name, engine, stages, bytes, roles }) => {
    const held = stages.flatMap(({ from, to }) => training.resolved.layers.slice(from, to));
    const parameters = formatCount(held.reduce((sum, layer) => sum + parametersOf(layer), 0));
    const part = haveRoles
      ? [(roles ?? []).join(' and ')]
      : [stages.map(describeRange).join(' and '), describeKinds(held), parameters];
    return [node, name, ...part, formatBytes(bytes), engine];
  });
  const part = haveRoles
    ? [left('role')]
    : [left('layers'), left('which are'), right('parameters')];
  const columns = [left('node'), left('device'), ...part, right('memory'), left('engine')];
  return formatTable(columns, rows);
}

/** What someone should know about this ring before it computes; each a line. */
export function ringWarnings(
  nodes: readonly NodeReport[],
  { resolved }: ResolvedTraining,
): string[] {
  const warnings: string[] = [];
  if (new Set(nodes.map(({ engine }) => engine)).size > 1)
    warnings.push(
      'the nodes have different engines, so the last bits of the result depend on who holds which layers; --engine wasm on every node avoids that',
    );
  const closing = nodes[0]?.stages.at(-1);
  const isTrainable = (layer: ResolvedLayer): boolean => layer.parameters.length > 0;
  if (nodes.length > 1 && closing) {
    if (!resolved.layers.slice(closing.from, closing.to).some(isTrainable)) {
      const safe = Math.max(1, resolved.layers.filter(isTrainable).length - 1);
      warnings.push(
        `no layer with parameters stands beside the loss, so the gradients that are sent give the labels away; a ring of ${safe > 1 ? `at most ${safe} nodes` : 'one node'} avoids that`,
      );
    }
  }
  return warnings;
}
