import { expect, test } from 'vitest';

import { cutBySpeed } from '../../test/ring/cut-by-speed.ts';
import type { NodeId } from '../node.ts';
import { Formation } from './formation.ts';
import type { Member } from './formation.ts';
import { Pace } from './pace.ts';

const engine = { kind: 'wasm', name: 'none', threads: 1 } as const;
const capabilities = { name: 'x', cores: 1, memoryBytes: 1, engine, flops: 100, version: '0' };

/** Twelve layers of 100 operations each over three nodes. */
const layers = Array.from({ length: 12 }, () => ({ operations: 100, bytes: 1e6 }));
const cut = cutBySpeed(12, 1);

function formed(): Formation {
  const formation = new Formation(capabilities, 2);
  for (const node of ['worker-1', 'worker-2'])
    formation.join(node, { type: 'join', address: '', ...capabilities });
  formation.cut(cut);
  return formation;
}

/** What comes of so many steps in which the nodes computed for so long, with so many steps in all. */
function judged(
  seconds: readonly number[],
  measured = 8,
  steps = 100,
): readonly Member[] | undefined {
  const formation = formed();
  const pace = new Pace({ steps, layers });
  let judgement: readonly Member[] | undefined;
  for (let step = 0; step < measured; step += 1) {
    pace.add(formation.members, seconds);
    judgement ??= pace.better(formation, cut, step + 1);
  }
  return judgement;
}
const speeds = (members: readonly Member[] | undefined): Record<NodeId, number> | undefined =>
  members && Object.fromEntries(members.map(({ node, flops }) => [node, flops]));

test('a node that takes twice as long as the others is given less, by the speeds they have shown', () => {
  expect(speeds(judged([4, 8, 4]))).toEqual({ master: 100, 'worker-1': 50, 'worker-2': 100 });
});

test('nobody is judged by a few steps', () => {
  expect(judged([4, 8, 4], 7)).toBeUndefined();
});

test('nobody is judged by a moment in which it had something else to do', () => {
  const formation = formed();
  const pace = new Pace({ steps: 1000, layers });
  const stretch = (seconds: readonly number[]): boolean => {
    for (let step = 0; step < 4; step += 1) pace.add(formation.members, seconds);
    return pace.better(formation, cut, 100) !== undefined;
  };
  expect([stretch([4, 8, 4]), stretch([4, 4, 4]), stretch([4, 8, 4])]).toEqual([
    false,
    false,
    false,
  ]);
  expect(stretch([4, 8, 4])).toBe(true);
});

test('nobody is judged by less than a second of work', () => {
  expect(judged([0.04, 0.08, 0.04])).toBeUndefined();
  expect(judged([0.04, 0.08, 0.04], 26, 1e6)?.map(({ flops }) => Math.round(flops))).toEqual([
    1e4, 5e3, 1e4,
  ]);
});

test('all as slow as each other, or a little slower than the others, is no reason', () => {
  expect(judged([9, 9, 9])).toBeUndefined();
  expect(judged([4, 4.8, 4])).toBeUndefined();
});

test('a run that is nearly over does not pay for a move', () => {
  expect(judged([4, 8, 4], 8, 9)).toBeUndefined();
});

test('what was not measured is not judged', () => {
  expect(judged([0, 8, 4])).toBeUndefined();
  expect(judged([4, 8])).toBeUndefined();
});

test('after a move it takes twice as many steps to think of another', () => {
  const formation = formed();
  const pace = new Pace({ steps: 1000, layers });
  pace.restart(true);
  const better = (count: number): boolean => {
    for (let step = 0; step < count; step += 1) pace.add(formation.members, [4, 8, 4]);
    return pace.better(formation, cut, 100) !== undefined;
  };
  expect([better(4), better(4), better(4), better(4)]).toEqual([false, false, false, true]);
});
