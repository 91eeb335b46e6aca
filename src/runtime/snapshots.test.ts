import { expect, test } from 'vitest';

import { tensorPayload } from '../protocol/messages.ts';
import { memorySnapshots } from './snapshots.ts';

const payload = (value: number) =>
  tensorPayload([
    { name: '0.weight', type: { type: 'int32', shape: [1] }, bytes: Uint8Array.of(value, 0, 0, 0) },
  ]);
const at = (step: number, layer: number, run = 'a') => ({ run, step, layer });

test('copies come back as they were, until they are dropped', async () => {
  const store = memorySnapshots();
  expect(await store.holdings()).toBeUndefined();
  const given = payload(7);
  await store.keep(at(4, 0), given);
  await store.keep(at(4, 1), payload(8));
  await store.keep(at(6, 0), payload(9));
  given.tensors[0]!.bytes.fill(0);
  expect(await store.recall(at(4, 0))).toEqual(payload(7));
  expect(await store.recall(at(6, 1))).toBeUndefined();
  expect(await store.recall(at(4, 0, 'b'))).toBeUndefined();
  expect(await store.holdings()).toEqual({
    run: 'a',
    holds: [
      { step: 4, layers: [0, 1] },
      { step: 6, layers: [0] },
    ],
  });
  await store.drop('a', 6);
  expect(await store.recall(at(4, 0))).toBeUndefined();
  expect(await store.recall(at(6, 0))).toEqual(payload(9));
});

test('another run takes the place of the one before', async () => {
  const store = memorySnapshots();
  await store.keep(at(4, 0), payload(7));
  await store.keep(at(2, 1, 'b'), payload(8));
  expect(await store.holdings()).toEqual({ run: 'b', holds: [{ step: 2, layers: [1] }] });
  await store.drop('a', 9);
  expect(await store.recall(at(2, 1, 'b'))).toEqual(payload(8));
});
