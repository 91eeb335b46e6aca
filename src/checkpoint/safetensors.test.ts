import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TensorType } from '../graph/graph.ts';
import { readSafetensors, writeSafetensors } from './safetensors.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ringtmp-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

const bytesOf = (numbers: Float32Array | Int32Array) => new Uint8Array(numbers.buffer);

const types = new Map<string, TensorType>([
  ['0.weight', { type: 'float32', shape: [2, 3] }],
  ['0.bias', { type: 'float32', shape: [2] }],
  ['seen', { type: 'int32', shape: [] }],
]);
const weight = bytesOf(Float32Array.of(1, -2, 3.5, 0, 1e-40, -0));
const bias = bytesOf(Float32Array.of(7, 8));
const seen = bytesOf(Int32Array.of(-42));

test('tensors written in any order are read back', async () => {
  const path = join(folder, 'model.safetensors');
  const writer = await writeSafetensors(path, types, { step: '3' });
  await writer.write('seen', seen);
  await writer.write('0.bias', bias);
  await writer.write('0.weight', weight);
  await writer.finish();
  expect(await readdir(folder)).toEqual(['model.safetensors.partial']);
  await writer.publish();
  expect(await readdir(folder)).toEqual(['model.safetensors']);

  const reader = await readSafetensors(path);
  expect(reader.metadata).toEqual({ step: '3' });
  expect([...reader.tensors]).toEqual([...types]);
  expect(await reader.read('0.weight')).toEqual(weight);
  expect(await reader.read('0.bias')).toEqual(bias);
  expect(await reader.read('seen')).toEqual(seen);
  await expect(reader.read('1.weight')).rejects.toMatchObject({ code: 'RUN' });
  await reader.close();
});

test('the bytes are those of the format', async () => {
  const path = join(folder, 'a.safetensors');
  const writer = await writeSafetensors(path, new Map([['b', types.get('0.bias')!]]), {});
  await writer.write('b', bias);
  await writer.finish();
  await writer.publish();
  const json = '{"__metadata__":{},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}';
  const length = Math.ceil(json.length / 8) * 8;
  const expected = Buffer.concat([
    Buffer.from([length, 0, 0, 0, 0, 0, 0, 0]),
    Buffer.from(json.padEnd(length, ' ')),
    bias,
  ]);
  expect(await readFile(path)).toEqual(expected);
});

test('a tensor that is missing, unknown, twice or of another size is refused', async () => {
  const writer = await writeSafetensors(join(folder, 'a'), types, {});
  await writer.write('0.bias', bias);
  await expect(writer.write('0.bias', bias)).rejects.toMatchObject({ code: 'STORE' });
  await expect(writer.write('0.weight', bias)).rejects.toMatchObject({ code: 'STORE' });
  await expect(writer.write('other', bias)).rejects.toMatchObject({ code: 'STORE' });
  await expect(writer.finish()).rejects.toThrow('0.weight, seen were never written');
  await writer.discard();
  expect(await readdir(folder)).toEqual([]);
});

test('a folder that is not there is a STORE error with the path', async () => {
  const path = join(folder, 'absent', 'a');
  await expect(writeSafetensors(path, types, {})).rejects.toMatchObject({
    code: 'STORE',
    message: expect.stringContaining(path),
  });
});

test('vectors written by the Python library are read', async () => {
  const path = fileURLToPath(new URL('../../test/golden/layer-dense.safetensors', import.meta.url));
  const reader = await readSafetensors(path);
  expect(reader.metadata['case']).toBeTypeOf('string');
  for (const [name, type] of reader.tensors) {
    expect((await reader.read(name)).length).toBe(4 * type.shape.reduce((a, b) => a * b, 1));
  }
  await reader.close();
});

const entry = (
  start: number,
  end: number,
  shape: unknown = [(end - start) / 4],
  dtype = 'F32',
) => ({
  dtype,
  shape,
  data_offsets: [start, end],
});

function file(header: unknown, dataBytes: number, claimed?: bigint): Buffer {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(claimed ?? BigInt(json.length));
  return Buffer.concat([length, json, Buffer.alloc(dataBytes)]);
}

test.each([
  ['nothing', Buffer.alloc(0)],
  ['a cut length', Buffer.alloc(7)],
  ['a header longer than the file', file({}, 0, 1000n)],
  ['a header of absurd length', file({}, 0, 2n ** 63n)],
  ['text that is no JSON', file('{"a":', 0)],
  ['an array', file([], 0)],
  ['an empty header', file('', 0, 0n)],
  ['an unknown type', file({ a: entry(0, 8, [2], 'F64') }, 8)],
  ['a type named like a method', file({ a: entry(0, 8, [2], 'toString') }, 8)],
  ['an entry that is null', file({ a: null }, 0)],
  ['a negative size', file({ a: entry(0, 4, [-1, -1]) }, 4)],
  ['a fractional size', file({ a: entry(0, 4, [0.5, 2]) }, 4)],
  ['a product beyond exact numbers', file({ a: entry(0, 4, [2 ** 40, 2 ** 40]) }, 4)],
  ['a shape that does not match', file({ a: entry(0, 8, [3]) }, 8)],
  ['offsets backwards', file({ a: entry(8, 0, [2]) }, 8)],
  ['tensors beyond the end', file({ a: entry(0, 400) }, 8)],
  ['tensors that overlap', file({ a: entry(0, 8), b: entry(4, 12) }, 12)],
  ['a gap', file({ a: entry(0, 4), b: entry(8, 12) }, 12)],
  ['bytes behind the tensors', file({ a: entry(0, 4) }, 8)],
  ['metadata that are not strings', file({ __metadata__: { step: 3 } }, 0)],
])('%s is refused in one line', async (_, bytes) => {
  const path = join(folder, 'hostile');
  await writeFile(path, bytes);
  const refused = await readSafetensors(path).then(
    () => undefined,
    (error: unknown) => error as Error,
  );
  expect(refused).toMatchObject({ name: 'RingError', code: 'RUN' });
  expect(refused?.message).toContain(`${path} is not a sound safetensors file`);
  expect(refused?.message).not.toContain('\n');
});

test('empty tensors are no overlap', async () => {
  const path = join(folder, 'a');
  await writeFile(path, file({ b: entry(0, 4), a: entry(0, 0) }, 4));
  const reader = await readSafetensors(path);
  expect(await reader.read('a')).toEqual(new Uint8Array(0));
  await reader.close();
});
