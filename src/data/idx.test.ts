import { existsSync } from 'node:fs';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openData, openSamples } from './index.ts';
import { openIdx } from './idx.ts';
import { fileStore, writeStore } from './store.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ringtmp-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

/** An IDX file: element `i` is `valueAt(i)`. */
function idx(shape: readonly number[], valueAt: (i: number) => number, type = 8): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.writeUInt8(type, 2);
  header.writeUInt8(shape.length, 3);
  shape.forEach((size, axis) => header.writeUInt32BE(size, 4 + 4 * axis));
  const count = shape.reduce((a, b) => a * b, 1);
  return Buffer.concat([header, Buffer.from(upTo(count).map(valueAt))]);
}

/** Ten images of 2 x 3 whose pixels are all the image's number, with labels i % 4. */
async function writeTen(compress: (bytes: Buffer) => Buffer = (bytes) => bytes): Promise<void> {
  await writeFile(join(folder, 'images'), compress(idx([10, 2, 3], (i) => Math.floor(i / 6))));
  await writeFile(join(folder, 'labels'), compress(idx([10], (i) => i % 4)));
}

const ten = { kind: 'idx', images: 'images', labels: 'labels' } as const;
const options = () => ({ seed: 1, baseFolder: folder });

describe.each([
  ['plain', (bytes: Buffer) => bytes],
  ['gzip', (bytes: Buffer) => gzipSync(bytes)],
])('%s', (_, compress) => {
  test('images come with their labels, scaled to 0..1, split by the seed', async () => {
    await writeTen(compress);
    const data = await openData({ ...ten, train: 7, test: 3 }, options());
    expect(data.facts).toMatchObject({
      inputShape: [1, 2, 3],
      target: { type: 'int32', shape: [] },
      trainCount: 7,
      testCount: 3,
      classes: ['0', '1', '2', '3'],
    });
    const seen: number[] = [];
    for (const part of [data.train, data.test!]) {
      const { inputs, targets } = await part.read(upTo(part.count));
      for (let row = 0; row < part.count; row++) {
        const number = Math.round((inputs[6 * row] as number) * 255);
        expect(inputs.subarray(6 * row, 6 * row + 6)).toEqual(
          new Float32Array(6).fill(number / 255),
        );
        expect(targets?.[row]).toBe(number % 4);
        seen.push(number);
      }
    }
    expect(seen.sort((a, b) => a - b)).toEqual(upTo(10));
    await data.close();
  });

  test.each([
    ['truncated', (bytes: Buffer) => bytes.subarray(0, 50), /images.* truncated.*50.*needs 76/],
    [
      'too long',
      (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(9)]),
      /more bytes.*needs 76/,
    ],
    ['cut in its header', (bytes: Buffer) => bytes.subarray(0, 9), /ends within its header/],
    ['empty', () => Buffer.alloc(0), /images is not an IDX file/],
    ['text', () => Buffer.from('P5 28 28 255'), /images is not an IDX file/],
    ['of floats', () => idx([10, 2, 3], () => 0, 13), /type 0x0d, only unsigned bytes \(0x08\)/],
    ['of nothing', () => idx([0, 2, 3], () => 0), /shape \[0, 2, 3\], which holds nothing/],
    ['of lies', () => Buffer.from([0, 0, 8, 2, ...Array<number>(8).fill(255)]), /truncated/],
  ] as const)('a file that is %s is one DATA line', async (_kind, damage, message) => {
    await writeTen(compress);
    const damaged = damage(idx([10, 2, 3], () => 0));
    await writeFile(join(folder, 'images'), compress(damaged));
    await expect(openData(ten, options())).rejects.toMatchObject({
      code: 'DATA',
      message: expect.stringMatching(message),
    });
  });
});

test('gzip that is cut off is one DATA line', async () => {
  await writeTen(gzipSync);
  const whole = gzipSync(idx([10, 2, 3], (i) => (i * 77) % 256));
  await writeFile(join(folder, 'images'), whole.subarray(0, 40));
  await expect(openData(ten, options())).rejects.toThrow(/images is truncated or damaged/);
});

test('gzip that grows beyond what its header says is not taken to its end', async () => {
  await writeTen();
  const bomb = gzipSync(Buffer.concat([idx([10, 2, 3], () => 0), Buffer.alloc(2 ** 24)]));
  await writeFile(join(folder, 'images'), bomb);
  await expect(openData(ten, options())).rejects.toThrow(/more bytes than its header says/);
});

test('what does not fit together is said', async () => {
  await writeTen();
  const open = (more: object) => openData({ ...ten, ...more }, options());
  await expect(open({ images: 'absent' })).rejects.toThrow(
    `data.images: ${join(folder, 'absent')} cannot be read: there is no such file`,
  );
  await expect(open({ images: '.' })).rejects.toThrow('is a folder');
  await expect(open({ images: 'labels' })).rejects.toThrow('has one axis, as labels have');
  await expect(open({ labels: 'images' })).rejects.toThrow('needs [10] labels');
  await expect(open({ testImages: 'images' })).rejects.toThrow('give both or none');
  await expect(open({ train: 8, test: 3 })).rejects.toThrow('holds 10: ask for fewer');
});

test('a test file is kept apart; samples of a run are read by its preprocessing', async () => {
  await writeTen();
  const data = await openData(
    { ...ten, testImages: 'images', testLabels: 'labels', test: 4 },
    options(),
  );
  expect([data.train.count, data.test?.count]).toEqual([10, 4]);
  await data.close();
  const frozen = data.facts.preprocessing;
  const unlabelled = await openSamples({ kind: 'idx', images: 'images' }, frozen, folder);
  expect(unlabelled.target).toBeUndefined();
  expect(await unlabelled.read([9])).toEqual({ inputs: new Float32Array(6).fill(9 / 255) });
  await unlabelled.close();
  await writeFile(
    join(folder, 'labels'),
    idx([10], () => 7),
  );
  await expect(openSamples(ten, frozen, folder)).rejects.toThrow('label 0 is 7');
  await writeFile(
    join(folder, 'images'),
    idx([10, 3, 3], () => 7),
  );
  await expect(openSamples({ kind: 'idx', images: 'images' }, frozen, folder)).rejects.toThrow(
    'holds samples of [1, 3, 3], but the model was trained on [1, 2, 3]',
  );
});

test('a store that outgrows memory goes on in a file without a name', async () => {
  const writer = writeStore(100);
  for (const i of upTo(64)) await writer.append(new Uint8Array(10).fill(i));
  const store = await writer.finish();
  expect(store.byteLength).toBe(640);
  const rows = await store.rows(20, 10, [61, 0, 1, 2, 5]);
  expect([...rows].filter((_, i) => i % 10 === 0)).toEqual([63, 2, 3, 4, 7]);
  await store.close();
});

test('a file that shrinks while it is read is a DATA error', async () => {
  const path = join(folder, 'data');
  await writeFile(path, 'abcdef');
  const store = fileStore(await open(path), 100);
  await expect(store.rows(0, 4, [1])).rejects.toMatchObject({ code: 'DATA' });
  await store.close();
});

const mnist = fileURLToPath(
  new URL('../../../shared/data/mnist-t10k-images-idx3-ubyte.gz', import.meta.url),
);
if (!existsSync(mnist)) console.log(`skipped: no ${mnist}`);

test.skipIf(!existsSync(mnist))('MNIST is read', async () => {
  const images = await openIdx('images', mnist, '/');
  expect(images.shape).toEqual([10_000, 28, 28]);
  const sum = (await images.rows([0])).reduce((a, b) => a + b, 0);
  expect(sum).toBe(18_454);
  await images.close();
});
