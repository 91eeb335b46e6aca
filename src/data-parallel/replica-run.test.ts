import { expect, test } from 'vitest';

import type { Block, Work } from '../node.ts';
import { ReplicaRun, replicaWorks } from './replica-run.ts';
import { shareOf, sharePartsOf } from './share.ts';

const blocksOf = (...groups: number[]): Block[] =>
  groups.map((group, block) => ({ group, parameters: [{ name: `${block}.weight`, count: 8 }] }));

const label = (work: Work): string => {
  switch (work.kind) {
    case 'forwardBlock':
      return `F${work.block}/${work.of.microbatch}`;
    case 'lossBlock':
      return `L${work.block}/${work.of.microbatch}`;
    case 'backwardBlock':
      return `B${work.block}/${work.of.microbatch}`;
    case 'weightsBlock':
      return `W${work.block}/${work.first}+${work.count}:${work.rows}`;
    default:
      return work.kind;
  }
};

const pass = (rows: number, mode: 'train' | 'evaluate' = 'train') =>
  ({ pass: 1, step: 0, mode, share: { position: 5, rows }, batchRows: 20 }) as const;

const written = (works: readonly Work[]): string => works.map(label).join(' ');

test('a share goes forward and back block by block, and gradients go out from the top', () => {
  expect(written(replicaWorks(blocksOf(1, 1, 1), 4, pass(4)))).toBe(
    'F0/0 F1/0 L2/0 W2/0+1:4 B1/0 W1/0+1:4 B0/0 W0/0+1:4',
  );
});

test('gradients of parameters wait for their group, and the last group may be smaller', () => {
  expect(written(replicaWorks(blocksOf(2, 1), 4, pass(10)))).toBe(
    [
      'F0/0 L1/0 W1/0+1:4 B0/0',
      'F0/1 L1/1 W1/1+1:4 B0/1 W0/0+2:8',
      'F0/2 L1/2 W1/2+1:2 B0/2 W0/2+1:2',
    ].join(' '),
  );
});

test('an evaluation only goes forward; a share without rows gives a gradient of nothing', () => {
  expect(written(replicaWorks(blocksOf(1, 1), 4, pass(5, 'evaluate')))).toBe('F0/0 L1/0 F0/1 L1/1');
  expect(written(replicaWorks(blocksOf(1, 1), 4, pass(0)))).toBe('W1/0+0:0 W0/0+0:0');
});

test('rows have their place in the whole batch', () => {
  const works = replicaWorks(blocksOf(1), 4, pass(6));
  const places = works.flatMap((work) => (work.kind === 'lossBlock' ? [work.of.position] : []));
  expect(places).toEqual([5, 9]);
});

test('gates hold a block up, and a complete gradient is told', () => {
  const open = { forward: false, weigh: false };
  const run = new ReplicaRun(blocksOf(1), 4, {
    mayForward: () => open.forward,
    mayWeigh: () => open.weigh,
  });
  run.begin(pass(4));
  expect(run.next()).toBeUndefined();
  open.forward = true;
  const loss = run.next()!;
  expect(loss.kind).toBe('lossBlock');
  expect(run.next()).toBeUndefined();
  expect(run.computed(loss, { loss: 0.5 })).toBeUndefined();
  open.weigh = true;
  const weights = run.next()!;
  expect(run.isDone).toBe(false);
  expect(run.computed(weights, {})).toBe(0);
  expect(run.isDone).toBe(true);
  expect(run.loss).toBe(0.5);
});

test('shares are disjoint, whole and as even as rows allow', () => {
  for (const rows of [1, 7, 64, 100])
    for (const workers of [1, 2, 3, 7]) {
      const shares = Array.from({ length: workers }, (_, index) => shareOf(rows, index, workers));
      let place = 0;
      for (const { position, rows: own } of shares) {
        expect(position).toBe(place);
        place += own;
      }
      expect(place).toBe(rows);
      const sizes = shares.map(({ rows: own }) => own);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }
});

test('the parts of a share are no smaller than the batch was to be split into', () => {
  expect(sharePartsOf(64, 4, 1)).toEqual({ rows: 16, microbatches: 4 });
  expect(sharePartsOf(64, 4, 2)).toEqual({ rows: 16, microbatches: 2 });
  expect(sharePartsOf(64, 4, 4)).toEqual({ rows: 16, microbatches: 1 });
  expect(sharePartsOf(64, 4, 8)).toEqual({ rows: 8, microbatches: 1 });
  expect(sharePartsOf(10, 4, 3)).toEqual({ rows: 2, microbatches: 2 });
});
