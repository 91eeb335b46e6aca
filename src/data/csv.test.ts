import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { LossKind } from '../model/training.ts';
import type { CsvDescription } from './csv-columns.ts';
import { openData, openSamples, parsePreprocessing } from './index.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ringtmp-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

const table: CsvDescription = {
  kind: 'csv',
  file: 'a.csv',
  label: -1,
  comment: '#',
  delimiter: ',',
  standardise: false,
  target: 'class',
  testShare: 0,
};

async function open(text: string, more: Partial<CsvDescription> = {}) {
  await writeFile(join(folder, 'a.csv'), text);
  return openData({ ...table, ...more }, { seed: 1, baseFolder: folder });
}

async function readAll(text: string, more: Partial<CsvDescription> = {}) {
  const data = await open(text, more);
  const { inputs, targets } = await data.train.read(upTo(data.train.count));
  await data.close();
  return { facts: data.facts, inputs: [...inputs], targets: [...(targets ?? [])] };
}

test('without a header: comment, blank lines, quotes, CRLF and a byte-order mark', async () => {
  const text = '\uFEFF# a, comment\r\n1,2,7\r\n\r\n"3", 4 ,9\r\n# 5,5,5\r\n5,6,7';
  const { facts, inputs, targets } = await readAll(text);
  expect(inputs).toEqual([1, 2, 3, 4, 5, 6]);
  expect(targets).toEqual([0, 1, 0]);
  expect(facts).toMatchObject({
    inputShape: [2],
    target: { type: 'int32', shape: [] },
    trainCount: 3,
    classes: ['7', '9'],
  });
  expect(facts.testCount).toBeUndefined();
});

test('a header is found, or believed when said', async () => {
  expect((await readAll('x,y,kind\n1,2,a\n3,4,b\n')).inputs).toEqual([1, 2, 3, 4]);
  expect((await readAll('2020,2021,2022\n1,2,0\n', { header: true })).inputs).toEqual([1, 2]);
  await expect(open('x,y,kind\n1,2,a\n', { header: false })).rejects.toThrow(
    /a\.csv line 1: cell 1 is "x", a number is expected.*data\.header/,
  );
});

test('the label is found by name, by number and from the end', async () => {
  const text = 'x,kind,y\n1,b,2\n3,a,4\n';
  for (const label of ['kind', 1, -2]) {
    const { inputs, targets, facts } = await readAll(text, { label });
    expect(inputs).toEqual([1, 2, 3, 4]);
    expect(targets).toEqual([1, 0]);
    expect(facts.classes).toEqual(['a', 'b']);
  }
  await expect(open(text, { label: 'sort' })).rejects.toThrow(/"sort", but .* names x, kind, y/);
  await expect(open(text, { label: 3 })).rejects.toThrow('give 0 to 2');
  await expect(open(text, { label: 'kind', header: false })).rejects.toThrow("column's number");
});

test('classes that are all numbers stand in the order of numbers', async () => {
  expect((await readAll('0,10\n0,9\n0,-1\n0,9.0\n')).facts.classes).toEqual(['-1', '9', '10']);
  expect((await readAll('0,10\n0,9\n0,x\n')).facts.classes).toEqual(['10', '9', 'x']);
});

test('targets may be numbers', async () => {
  const { targets, facts } = await readAll('1,0.5\n2,-3\n', { target: 'number' });
  expect(targets).toEqual([0.5, -3]);
  expect(facts.target).toEqual({ type: 'float32', shape: [1] });
  expect(facts.classes).toBeUndefined();
  await expect(open('1,0.5\n2,-3\n')).rejects.toThrow('set data.target to "number"');
  await expect(open('1,2\n2,x\n', { target: 'number' })).rejects.toThrow(
    /a\.csv line 2: the label is "x", a number is expected/,
  );
  await expect(open('1,2\n2,1e39\n', { target: 'number' })).rejects.toThrow(
    /a\.csv line 2: the label is "1e39", a number of at most 3\.4e38 is expected/,
  );
});

test('targets for binaryCrossEntropy lie in 0..1', async () => {
  const openFor = async (text: string, loss: LossKind, more: Partial<CsvDescription> = {}) => {
    await writeFile(join(folder, 'a.csv'), text);
    const options = { seed: 1, baseFolder: folder, loss };
    return openData({ ...table, target: 'number', ...more }, options);
  };
  const text = 'x,y\n1,0\n2,0.5\n\n3,5\n4,7\n';
  await expect(openFor(text, 'binaryCrossEntropy')).rejects.toMatchObject({
    code: 'DATA',
    message: expect.stringMatching(
      /a\.csv line 5: the label is "5", the loss binaryCrossEntropy needs a number from 0 to 1/,
    ),
  });
  const bounded = await openFor('1,0\n2,1\n', 'binaryCrossEntropy');
  await bounded.close();
  await (await openFor(text, 'meanSquaredError')).close();
  await writeFile(join(folder, 'b.csv'), '1,2\n');
  await expect(openFor('1,0\n2,1\n', 'binaryCrossEntropy', { testFile: 'b.csv' })).rejects.toThrow(
    'b.csv line 1: the label is "2"',
  );
  const samples = openSamples(
    { kind: 'csv', file: 'b.csv' },
    bounded.facts.preprocessing,
    folder,
    'binaryCrossEntropy',
  );
  await expect(samples).rejects.toThrow('b.csv line 1: the label is "2"');
});

test('standardisation is learnt from the training part alone', async () => {
  const rows = upTo(20).map((i) => `${1e9 + i},5,${i % 2}`);
  const data = await open(rows.join('\n'), { standardise: true, testShare: 0.25 });
  expect([data.train.count, data.test?.count]).toEqual([15, 5]);
  const { inputs } = await data.train.read(upTo(15));
  const first = [...inputs].filter((_, i) => i % 2 === 0);
  const mean = first.reduce((a, b) => a + b, 0) / 15;
  const deviation = Math.sqrt(first.reduce((a, b) => a + b * b, 0) / 15);
  expect(mean).toBeCloseTo(0, 6);
  expect(deviation).toBeCloseTo(1, 6);
  expect([...inputs].filter((_, i) => i % 2 === 1)).toEqual(upTo(15).map(() => 0));
  await data.close();
});

test('a shape is given to the columns', async () => {
  expect((await readAll('1,2,3,4,0\n', { shape: [1, 2, 2] })).facts.inputShape).toEqual([1, 2, 2]);
  await expect(open('1,2,3,0\n', { shape: [1, 2, 2] })).rejects.toThrow(
    /data\.shape \[1, 2, 2\] holds 4 numbers, but .* 3 columns/,
  );
});

test.each([
  ['a text cell', '1,2,0\n# c\n3,x4,0\n', /a\.csv line 3: cell 2 is "x4", a number is expected/],
  ['a text cell under a header', 'p,q,r\n1,2,0\n3,?,0', /line 3: cell 2 \(q\) is "\?"/],
  ['an empty cell', '1,2,0\n3,,0\n', /line 2: cell 2 is empty/],
  ['an empty label', '1,2,0\n3,4,\n', /line 2: the label is empty/],
  [
    'a number beyond float32',
    '1,2,0\n1,-1e39,0\n',
    /line 2: cell 2 is "-1e39", a number of at most 3\.4e38 is expected/,
  ],
  ['a first row beyond float32', '1e39,1e40,1e41\n1,2,0\n', /line 1: cell 1 is "1e39"/],
  ['infinity', '1,Infinity,0\n', /line 1: cell 2 is "Infinity"/],
  ['a short row', '1,2,0\n\n3,4\n', /line 3: 2 cells, but line 1 has 3/],
  ['a long row', 'a,b,c\n1,2,0,7\n', /line 2: 4 cells, but line 1 has 3/],
  ['a quote left open', '1,2,0\n"3,4,0\n5,6,0\n', /a\.csv is not sound CSV: .*[Qq]uote/],
  ['no rows', '# nothing\n', /a\.csv has no rows/],
  ['a header alone', 'a,b,c\n', /a\.csv has no rows/],
  ['another delimiter', '1;2;0\n3;4;0\n', /line 1: one cell.*data\.delimiter/],
])('%s is one DATA line', async (_, text, message) => {
  const failure = await open(text).then(
    () => undefined,
    (error: unknown) => error as Error,
  );
  expect(failure).toMatchObject({ code: 'DATA', message: expect.stringMatching(message) });
  expect(failure?.message).not.toContain('\n');
});

test('a file that is not there is one DATA line', async () => {
  await expect(open('1,2\n', { file: 'absent.csv' })).rejects.toMatchObject({
    code: 'DATA',
    message: expect.stringContaining(`data.file: ${join(folder, 'absent.csv')} cannot be read`),
  });
});

test('a test file is read as training learnt it', async () => {
  await writeFile(join(folder, 'b.csv'), '2,x\n4,y\n');
  const data = await open('1,y\n3,x\n', { testFile: 'b.csv', standardise: true });
  expect(await data.test?.read([0, 1])).toEqual({
    inputs: Float32Array.of(0, 2),
    targets: Int32Array.of(0, 1),
  });
  await data.close();
  await writeFile(join(folder, 'b.csv'), '2,x\n4,z\n');
  await expect(open('1,y\n3,x\n', { testFile: 'b.csv' })).rejects.toThrow(
    /b\.csv line 2: the label is "z", but the classes trained on are x, y/,
  );
  await writeFile(join(folder, 'b.csv'), '2\n4\n');
  await expect(open('1,y\n3,x\n', { testFile: 'b.csv' })).rejects.toThrow('no labels');
});

test('samples of a run: by name in any order or by position, with or without labels', async () => {
  const data = await open('p,kind,q\n1,a,10\n3,b,30\n', { label: 'kind', standardise: true });
  await data.close();
  const kept: unknown = JSON.parse(JSON.stringify(data.facts.preprocessing));
  const frozen = parsePreprocessing(kept, 'training.json');
  expect(frozen).toEqual(data.facts.preprocessing);
  const read = async (text: string) => {
    await writeFile(join(folder, 'c.csv'), text);
    const samples = await openSamples({ kind: 'csv', file: 'c.csv' }, frozen, folder);
    const result = await samples.read(upTo(samples.count));
    await samples.close();
    return result;
  };
  const inputs = Float32Array.of(-1, 3);
  expect(await read('more,q,p\nx,50,1\n')).toEqual({ inputs });
  expect(await read('kind,q,p\nb,50,1\n')).toEqual({ inputs, targets: Int32Array.of(1) });
  expect(await read('1,50\n')).toEqual({ inputs });
  expect(await read('1,b,50\n')).toEqual({ inputs, targets: Int32Array.of(1) });
  await expect(read('q,r\n50,1\n')).rejects.toThrow(/c\.csv line 1 lacks p/);
  await expect(read('1,2,3,4\n')).rejects.toThrow('4 cells, but the model was trained on 2 inputs');
  await expect(openSamples({ kind: 'digits' }, frozen, folder)).rejects.toThrow('"csv"');
  expect(() => parsePreprocessing({ kind: 'csv' }, 'training.json')).toThrow('training.json');
});

const optdigits = fileURLToPath(new URL('../../../shared/data/', import.meta.url));
if (!existsSync(optdigits)) console.log(`skipped: no ${optdigits}`);

test.skipIf(!existsSync(optdigits))('UCI optdigits is read', async () => {
  const data = await openData(
    { ...table, file: 'optdigits.tra', testFile: 'optdigits.tes', shape: [1, 8, 8] },
    { seed: 1, baseFolder: optdigits },
  );
  expect(data.facts).toMatchObject({ inputShape: [1, 8, 8], testCount: 1797 });
  expect(data.facts.classes).toEqual(upTo(10).map(String));
  const { inputs, targets } = await data.test!.read([0]);
  expect([...inputs.subarray(0, 8)]).toEqual([0, 0, 5, 13, 9, 1, 0, 0]);
  expect([...(targets ?? [])]).toEqual([0]);
  await data.close();
});
