// A node that is slower than it said, in a simulated ring that can move layers away from it.

import { expect, test } from 'vitest';

import type { NodeId, Report, Stage, Work } from '../../src/node.ts';
import type { Simulation } from '../../src/simulator/simulator.ts';
import { runCostedRing, unitSeconds } from './costed-ring.ts';
import { cutBySpeed } from './cut-by-speed.ts';

const layers = 12;

/** Forty steps over three nodes that promise the same, of which worker-1 is so many times slower. */
function run(slower: number): Promise<Simulation> {
  const stages = new Map<NodeId, readonly Stage[]>();
  const seconds = (work: Work, node: NodeId): number => {
    if (work.kind === 'prepare') stages.set(node, work.stages);
    const place = 'place' in work ? work.place : 'closing';
    const stage = stages.get(node)?.find((each) => each.place === place);
    const held = stage ? stage.to - stage.from : 0;
    return unitSeconds(work) * held * (node === 'worker-1' ? slower : 1);
  };
  return runCostedRing({
    nodes: 3,
    microbatches: 4,
    steps: 40,
    seconds,
    master: {
      run: 'a',
      layersWithParameters: Array.from({ length: layers }, (_, layer) => layer),
      cut: cutBySpeed(layers, 4),
      pace: {
        steps: 40,
        layers: Array.from({ length: layers }, () => ({ operations: 1, bytes: 1 })),
      },
    },
  });
}

const reformed = ({ reports }: Simulation): Extract<Report, { kind: 'reformed' }>[] =>
  reports.filter((report) => report.kind === 'reformed');
const layersOf = (stages: readonly Stage[]): number =>
  stages.reduce((sum, { from, to }) => sum + to - from, 0);

test('a node three times slower than it said gets fewer layers after eight steps, and no step is lost', async () => {
  const slow = await run(3);
  const [move, ...others] = reformed(slow);
  expect(others).toEqual([]);
  expect(move).toMatchObject({ cause: 'slow', step: 9, replay: 0 });
  expect(move!.nodes.map(({ stages }) => layersOf(stages))).toEqual([5, 2, 5]);
  expect(slow.ends.get('master')).toEqual({ type: 'end' });
  expect(slow.reports.filter(({ kind }) => kind === 'step')).toHaveLength(40);
});

test('nodes that are as fast as each other stay where they are', async () => {
  const even = await run(1);
  expect(reformed(even)).toEqual([]);
});
