import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { tensorPayload } from '../protocol/messages.ts';
import { openSnapshots } from './snapshots.ts';

let root = '';
let folder = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'ringtmp-test-'));
  folder = join(root, 'copies');
});
afterEach(() => rm(root, { recursive: true }));

const run = 'a-run';
const layerOf = (...numbers: number[]) =>
  tensorPayload([
    {
      name: '0.weight',
      type: { type: 'float32', shape: [numbers.length] },
      bytes: new Uint8Array(Float32Array.from(numbers).buffer),
    },
  ]);

test('what is kept is recalled, also by the next process', async () => {
  const first = await openSnapshots(folder, run);
  expect(await first.holdings()).toBeUndefined();
  await first.keep({ run, step: 10, layer: 0 }, layerOf(1, 2));
  await first.keep({ run, step: 10, layer: 3 }, layerOf(3));
  await first.keep({ run, step: 20, layer: 0 }, layerOf(4, 5));
  const second = await openSnapshots(folder, run);
  for (const store of [first, second]) {
    expect(await store.recall({ run, step: 10, layer: 0 })).toEqual(layerOf(1, 2));
    expect(await store.recall({ run, step: 20, layer: 0 })).toEqual(layerOf(4, 5));
    expect(await store.recall({ run, step: 20, layer: 3 })).toBeUndefined();
    expect(await store.recall({ run: 'another', step: 10, layer: 0 })).toBeUndefined();
    const { holds } = (await store.holdings())!;
    const names = holds.flatMap(({ step, layers }) => layers.map((layer) => `${step}-${layer}`));
    expect(names.toSorted((a, b) => a.localeCompare(b))).toEqual(['10-0', '10-3', '20-0']);
  }
});

test('what is older than wanted is dropped, a copy that is kept again is there once', async () => {
  const store = await openSnapshots(folder, run);
  for (const step of [10, 20, 30]) await store.keep({ run, step, layer: 1 }, layerOf(step));
  await store.keep({ run, step: 30, layer: 1 }, layerOf(31));
  await store.keep({ run, step: 30, layer: 1 }, layerOf(31));
  await store.drop('another', 99);
  expect(await readdir(folder)).toHaveLength(3);
  await store.drop(run, 30);
  expect(await readdir(folder)).toHaveLength(1);
  expect(await store.holdings()).toEqual({ run, holds: [{ step: 30, layers: [1] }] });
  expect(await store.recall({ run, step: 30, layer: 1 })).toEqual(layerOf(31));
});

test.each([
  ['torn', (bytes: Uint8Array) => bytes.subarray(0, -3)],
  ['empty', () => new Uint8Array()],
  ['rotted', (bytes: Uint8Array) => bytes.with(bytes.length - 1, bytes.at(-1)! ^ 1)],
])('a copy that is %s is absent', async (_, damage) => {
  const first = await openSnapshots(folder, run);
  await first.keep({ run, step: 7, layer: 0 }, layerOf(1, 2, 3));
  await first.keep({ run, step: 7, layer: 1 }, layerOf(4));
  const name = (await readdir(folder)).find((each) => each.startsWith('7-0-'));
  const path = join(folder, name!);
  await writeFile(path, damage(await readFile(path)));
  const second = await openSnapshots(folder, run);
  expect(await second.recall({ run, step: 7, layer: 0 })).toBeUndefined();
  expect(await second.holdings()).toEqual({ run, holds: [{ step: 7, layers: [1] }] });
  expect(await readdir(folder)).toHaveLength(1);
});

test('what was being written when the process died is removed', async () => {
  await openSnapshots(folder, run);
  await writeFile(join(folder, '7-0-01234567.partial'), 'half');
  const store = await openSnapshots(folder, run);
  expect(await store.holdings()).toBeUndefined();
  expect(await readdir(folder)).toEqual([]);
});

test.runIf(process.platform !== 'win32')('nobody else may read the copies', async () => {
  const store = await openSnapshots(folder, run);
  await store.keep({ run, step: 1, layer: 0 }, layerOf(1));
  expect((await stat(folder)).mode & 0o077).toBe(0);
  const [name] = await readdir(folder);
  expect((await stat(join(folder, name!))).mode & 0o077).toBe(0);
});

test('copies that cannot be kept are a STORE error', async () => {
  const store = await openSnapshots(folder, run);
  await expect(store.keep({ run: 'another', step: 1, layer: 0 }, layerOf(1))).rejects.toMatchObject(
    { code: 'STORE' },
  );
  await rm(folder, { recursive: true });
  await expect(store.keep({ run, step: 1, layer: 0 }, layerOf(1))).rejects.toMatchObject({
    code: 'STORE',
    message: expect.stringContaining('--replicas memory'),
  });
  await writeFile(folder, '');
  await expect(openSnapshots(folder, run)).rejects.toMatchObject({ code: 'STORE' });
});
