// What a master puts together of a step, and the numbers of its updates.

import { describe, expect, test } from 'vitest';

import { Crew } from './crew.ts';
import type { ShardedKey } from './keys.ts';
import { UpdateScalars } from './scalars.ts';
import { StepLosses } from './step-losses.ts';
import { StepNorms } from './step-norms.ts';

describe('losses', () => {
  test('add up to the mean over the batch', () => {
    const losses = new StepLosses();
    losses.add(3, 'b', { loss: 0.5, rows: 2 });
    losses.add(3, 'a', { loss: 0.25, rows: 2 });
    expect(losses.take(3, ['a', 'b'], 4)).toBe(0.75);
  });

  test('without a worker that was lost are the mean over what was computed', () => {
    const losses = new StepLosses();
    losses.add(0, 'a', { loss: 0.25, rows: 1 });
    expect(losses.take(0, ['a', 'b'], 4)).toBe(1);
  });
});

describe('norms', () => {
  const key = (number: number, layer: number): ShardedKey => ({
    key: number,
    layer,
    block: 0,
    shard: 0,
    slices: [],
  });
  const keys = [key(0, 1), key(1, 1), key(2, 3)];

  test('are known by layer when the last key is measured', () => {
    const norms = new StepNorms(keys, 4);
    expect(norms.add({ key: 2, step: 0, squaredNorm: 5 })).toBeUndefined();
    expect(norms.add({ key: 0, step: 1, squaredNorm: 9 })).toBeUndefined();
    expect(norms.add({ key: 0, step: 0, squaredNorm: 1 })).toBeUndefined();
    expect(norms.add({ key: 1, step: 0, squaredNorm: 2 })).toEqual([0, 3, 0, 5]);
  });

  test('are not finite where a key is not', () => {
    const norms = new StepNorms(keys, 4);
    norms.add({ key: 0, step: 0, squaredNorm: null });
    norms.add({ key: 1, step: 0, squaredNorm: 2 });
    expect(norms.add({ key: 2, step: 0, squaredNorm: 5 })).toEqual([0, null, 0, 5]);
  });
});

describe('scalars', () => {
  const schedule = (step: number, factor: number, update: number) => ({
    learningRate: 0,
    scalars: [step, factor, update],
  });

  test('of an update: n pushes make a step, and each counts for the optimizer', () => {
    const scalars = new UpdateScalars(schedule, 2);
    expect(scalars.next(3)).toEqual({
      update: 0,
      scalars: [
        [0, 1, 0],
        [0, 1, 1],
        [1, 1, 2],
      ],
    });
    expect(scalars.next(3)).toBeUndefined();
    expect(scalars.next(4)).toEqual({ update: 3, scalars: [[1, 1, 3]] });
  });

  test('with another number of workers go on from where they were', () => {
    const scalars = new UpdateScalars(schedule, 2);
    scalars.next(4);
    scalars.setWorkers(1);
    expect(scalars.next(6)?.scalars).toEqual([
      [2, 1, 4],
      [3, 1, 5],
    ]);
  });
});

describe('a crew', () => {
  test('is that of the step, and none has one beyond what was given', () => {
    const crew = new Crew();
    crew.add(0, 2, ['a', 'b']);
    crew.add(2, 3, ['a', 'b']);
    crew.add(3, 5, ['a', 'b', 'c']);
    expect([1, 2, 3, 4].map((step) => crew.of(step)?.length)).toEqual([2, 2, 3, 3]);
    expect(crew.of(5)).toBeUndefined();
    expect(crew.upTo).toBe(5);
  });

  test('tells who is there and since when', () => {
    const crew = new Crew();
    crew.add(0, 2, ['a', 'b']);
    crew.add(2, 4, ['a', 'b', 'c']);
    crew.drop('a');
    expect(crew.isDropped('a')).toBe(true);
    expect(crew.present).toEqual(
      new Map([
        ['b', 0],
        ['c', 2],
      ]),
    );
  });
});
