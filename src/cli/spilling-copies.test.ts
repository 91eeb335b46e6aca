import { expect, test } from 'vitest';

import { RingError } from '../errors.ts';
import { tensorPayload } from '../protocol/messages.ts';
import { memorySnapshots } from '../runtime/snapshots.ts';
import type { SnapshotStore } from '../runtime/snapshots.ts';
import { spilling } from './spilling-copies.ts';

const copyOf = (value: number) =>
  tensorPayload([
    { name: 'x', type: { type: 'float32', shape: [1] }, bytes: Uint8Array.of(value, 0, 0, 0) },
  ]);
const at = (step: number) => ({ run: 'run', step, layer: 1 });

/** A disk, how to fill it and how to make room, and what a person was told. */
function diskOf() {
  const disk = memorySnapshots();
  const told: string[] = [];
  let full: Error | undefined;
  const store: SnapshotStore = {
    ...disk,
    keep: (id, payload) => (full ? Promise.reject(full) : disk.keep(id, payload)),
  };
  return {
    disk,
    told,
    fails: (error: Error | undefined) => (full = error),
    store: spilling(store, (reason) => told.push(reason)),
  };
}

const noRoom = new RingError('STORE', 'no room');

test('what a full disk does not take is kept in memory, and told once', async () => {
  const { store, told, fails } = diskOf();
  await store.keep(at(2), copyOf(2));
  fails(noRoom);
  await store.keep(at(4), copyOf(4));
  await store.keep(at(6), copyOf(6));
  expect(told).toEqual(['no room']);
  for (const step of [2, 4, 6]) expect(await store.recall(at(step))).toEqual(copyOf(step));
  expect(await store.holdings()).toEqual({
    run: 'run',
    holds: [2, 4, 6].map((step) => ({ step, layers: [1] })),
  });
  await store.drop('run', 6);
  expect(await store.recall(at(4))).toBeUndefined();
  expect(await store.holdings()).toEqual({ run: 'run', holds: [{ step: 6, layers: [1] }] });
});

test('when there is room again, the disk is used', async () => {
  const { store, disk, fails } = diskOf();
  fails(noRoom);
  await store.keep(at(2), copyOf(2));
  fails(undefined);
  await store.keep(at(4), copyOf(4));
  expect(await disk.recall(at(2))).toBeUndefined();
  expect(await disk.recall(at(4))).toEqual(copyOf(4));
});

test('any other failure is one', async () => {
  const { store, told, fails } = diskOf();
  fails(new TypeError('broken'));
  await expect(store.keep(at(2), copyOf(2))).rejects.toThrow('broken');
  expect(told).toEqual([]);
});
