import { expect, test } from 'vitest';

import { Outbox } from '../machine/outbox.ts';
import type { Effect, NodeId } from '../node.ts';
import { Formation } from './formation.ts';
import { Holdings } from './holdings.ts';
import { Snapshots } from './snapshots.ts';

const engine = { kind: 'wasm', name: 'none', threads: 1 } as const;
const capabilities = { name: 'x', cores: 1, memoryBytes: 1, engine, flops: 1, version: '0' };
const layersWithParameters = [0, 1, 2, 3];

/** Layers 0 and 3 are the master's, 1 is worker-1's, 2 is worker-2's. */
function prepared(replicateEvery?: number) {
  const formation = new Formation(capabilities, 2);
  for (const node of ['worker-1', 'worker-2'])
    formation.join(node, { type: 'join', address: '', ...capabilities });
  formation.cut(() => [
    [
      { place: 'opening', from: 0, to: 1, window: 1 },
      { place: 'closing', from: 3, to: 4, window: 1 },
    ],
    [{ place: 'inner', from: 1, to: 2, window: 1 }],
    [{ place: 'inner', from: 2, to: 3, window: 1 }],
  ]);
  const outbox = new Outbox();
  const holdings = new Holdings(layersWithParameters);
  const options = { run: 'a', layersWithParameters, ...(replicateEvery && { replicateEvery }) };
  const snapshots = new Snapshots(options, holdings, outbox);
  const kept = (step: number, ...copies: readonly (readonly [NodeId, number])[]): void => {
    for (const [node, layer] of copies) snapshots.kept(node, step, layer, formation);
  };
  return { formation, outbox, holdings, snapshots, kept };
}

/** All that the nodes of such a ring tell of one snapshot. */
const all = [
  ['master', 0],
  ['worker-1', 1],
  ['worker-2', 1],
  ['worker-2', 2],
  ['master', 2],
  ['master', 3],
] as const;

test('copies are made every so many steps, or when they are asked for', () => {
  const { formation, snapshots, kept } = prepared(3);
  const wants = (step: number): boolean => snapshots.wants(step, formation);
  expect([1, 2, 3].map(wants)).toEqual([false, false, true]);
  snapshots.due();
  expect(wants(1)).toBe(true);
  snapshots.begin(1);
  expect([2, 3].map(wants)).toEqual([false, false]);
  kept(1, ...all);
  expect([2, 3, 4].map(wants)).toEqual([false, false, true]);
});

test('no step is copied before the one before is complete', () => {
  const { formation, snapshots, kept } = prepared();
  snapshots.begin(1);
  snapshots.due();
  expect(snapshots.wants(2, formation)).toBe(false);
  kept(1, ...all.slice(1));
  expect(snapshots.wants(3, formation)).toBe(false);
  kept(1, ['master', 0]);
  expect(snapshots.wants(4, formation)).toBe(true);
});

test("a worker's layer must be kept twice, or by the master", () => {
  const { formation, snapshots, kept } = prepared();
  snapshots.begin(1);
  snapshots.due();
  kept(1, ['master', 0], ['master', 3], ['master', 2], ['worker-1', 1]);
  expect(snapshots.wants(2, formation)).toBe(false);
  kept(1, ['worker-2', 1]);
  expect(snapshots.wants(2, formation)).toBe(true);
});

test('the last two complete steps stay, all others are dropped', () => {
  const { outbox, holdings, snapshots, kept } = prepared();
  const dropped = (step: number): readonly Effect[] => {
    snapshots.begin(step);
    kept(step, ...all);
    return outbox.take();
  };
  expect(dropped(1)).toEqual([]);
  expect(dropped(4)).toMatchObject([
    { type: 'send', to: 'worker-1', message: { type: 'retain', from: 1 } },
    { type: 'send', to: 'worker-2', message: { type: 'retain', from: 1 } },
    { type: 'drop', run: 'a', before: 1 },
  ]);
  expect(dropped(6)).toMatchObject([{}, {}, { type: 'drop', before: 4 }]);
  expect([1, 4, 6].map((step) => holdings.isWhole(step))).toEqual([false, true, true]);
});

test('a step that lies ahead of a ring that formed anew drops nothing', () => {
  const { outbox, holdings, snapshots, kept } = prepared();
  snapshots.begin(6);
  kept(6, ...all);
  snapshots.reformed(4);
  snapshots.begin(5);
  kept(5, ...all);
  expect(outbox.take()).toEqual([]);
  expect(holdings.isWhole(5)).toBe(true);
});

test('while a ring forms anew nothing is dropped that it may go back to', () => {
  const { outbox, holdings, snapshots, kept } = prepared();
  for (const step of [1, 2]) {
    snapshots.begin(step);
    kept(step, ...all);
  }
  outbox.take();
  snapshots.begin(3);
  snapshots.giveUp();
  snapshots.absent('master', 2, 0);
  kept(3, ...all);
  expect(outbox.take()).toEqual([]);
  expect([1, 2, 3].map((step) => holdings.isWhole(step))).toEqual([true, false, true]);
});

test('a step with a damaged copy is given up, and the next may be copied', () => {
  const { formation, snapshots } = prepared();
  snapshots.begin(1);
  snapshots.due();
  expect(snapshots.wants(2, formation)).toBe(false);
  snapshots.absent('worker-1', 1, 1);
  expect(snapshots.wants(2, formation)).toBe(true);
});
