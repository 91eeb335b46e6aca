import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readTrainingFile, withFlags, withWholePaths } from './training-file.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ringtmp-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

test('JSON and modules give a value, a name and the folder that paths are relative to', async () => {
  const json = await readTrainingFile(await file('small.json', '{"seed": 3}'));
  expect(json).toMatchObject({ value: { seed: 3 }, stem: 'small', baseFolder: folder });
  const module = await readTrainingFile(await file('deep.mjs', 'export default { seed: 1 + 1 };'));
  expect(module).toMatchObject({ value: { seed: 2 }, stem: 'deep' });
});

test('what cannot be read is told in one line, with the line of a slip in JSON', async () => {
  const refused = async (path: string, said: string): Promise<void> => {
    const error = await readTrainingFile(path).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'TRAINING_FILE' });
    expect((error as Error).message).toContain(said);
    expect((error as Error).message).not.toContain('\n');
  };
  await refused(join(folder, 'absent.json'), 'there is no such file');
  await refused(await file('slip.json', '{\n"seed": 1,\n}'), 'slip.json line 3 is not JSON');
  await refused(await file('cut.json', '{"seed": 1'), 'is not JSON');
  await refused(await file('empty.mjs', 'export const seed = 1;'), 'exports nothing');
  await refused(await file('broken.mjs', 'throw new Error("no luck");'), 'cannot be run: no luck');
});

test('flags go over keys; epochs and steps take each other out, a schedule keeps its shape', () => {
  expect(withFlags({ epochs: 3, batch: 8 }, { steps: 10, seed: 0 })).toEqual({
    steps: 10,
    batch: 8,
    seed: 0,
  });
  const cosine = { schedule: 'cosine', rate: 0.1, warmup: 5 };
  expect(withFlags({ learningRate: cosine }, { learningRate: 0.5 })).toEqual({
    learningRate: { ...cosine, rate: 0.5 },
  });
  expect(withFlags({ learningRate: 0.1 }, { learningRate: 0.5 })).toEqual({ learningRate: 0.5 });
  expect(withFlags([1], { seed: 1 })).toEqual([1]);
});

test('paths of data become whole', () => {
  const data = { kind: 'idx', images: 'a.gz', labels: '/b.gz', train: 3 } as const;
  expect(withWholePaths(data, '/base')).toEqual({ ...data, images: '/base/a.gz' });
});
