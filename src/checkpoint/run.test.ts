import {
  appendFile,
  copyFile,
  mkdtemp,
  readdir,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TensorType } from '../graph/graph.ts';
import { openRun, type Position } from './run.ts';
import { createRun, resumeRun, readResume, type RunWriter } from './run-writer.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ringtmp-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

const parameters = new Map<string, TensorType>([['0.weight', { type: 'float32', shape: [2] }]]);
const state = new Map<string, TensorType>([['0.weight/momentum', { type: 'float32', shape: [2] }]]);
const bytesOf = (...numbers: number[]) => new Uint8Array(Float32Array.from(numbers).buffer);

async function save(run: RunWriter, position: Position): Promise<void> {
  const checkpoint = await run.checkpoint(position, parameters, state);
  await checkpoint.writeState('0.weight/momentum', bytesOf(position.step, 1));
  await checkpoint.writeParameter('0.weight', bytesOf(position.step, 0));
  await checkpoint.commit();
}

const at = (step: number): Position => ({ step, epoch: 0, seed: 5 });

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

test('what was saved is opened: the newest checkpoint, training file and metrics', async () => {
  const path = join(folder, 'deep', 'run');
  const writer = await createRun(path, { name: 'test' });
  await save(writer, at(10));
  await save(writer, { step: 20, epoch: 2, seed: 5 });
  void writer.metrics.append({ step: 1, loss: 2.5 });
  void writer.metrics.append({ step: 2, loss: 1.5 });
  await writer.close();
  expect((await readdir(path)).sort()).toEqual([
    'metrics.jsonl',
    'model.safetensors',
    'state.safetensors',
    'training.json',
  ]);

  const run = await openRun(path);
  expect(run.training).toEqual({ name: 'test' });
  expect(run.position).toEqual({ step: 20, epoch: 2, seed: 5 });
  expect(await run.parameters.read('0.weight')).toEqual(bytesOf(20, 0));
  const opened = await run.openState();
  expect(await opened.read('0.weight/momentum')).toEqual(bytesOf(20, 1));
  expect(await all(run.metrics())).toEqual([
    { step: 1, loss: 2.5 },
    { step: 2, loss: 1.5 },
  ]);
  await opened.close();
  await run.close();
});

test('a checkpoint that was given up leaves the one before', async () => {
  const writer = await createRun(folder, {});
  await save(writer, at(10));
  const checkpoint = await writer.checkpoint(at(20), parameters, state);
  await checkpoint.writeParameter('0.weight', bytesOf(20, 0));
  await checkpoint.discard();
  await writer.close();
  const run = await openRun(folder);
  expect(run.position.step).toBe(10);
  await run.close();
});

test('death between the two renames loses nothing', async () => {
  const inFolder = (name: string) => join(folder, name);
  const writer = await createRun(folder, {});
  await save(writer, at(10));
  await copyFile(inFolder('state.safetensors'), inFolder('old'));
  await save(writer, at(20));
  await writer.close();
  await rename(inFolder('state.safetensors'), inFolder('state.safetensors.partial'));
  await rename(inFolder('old'), inFolder('state.safetensors'));

  const run = await openRun(folder);
  expect(run.position.step).toBe(20);
  const opened = await run.openState();
  expect(await opened.read('0.weight/momentum')).toEqual(bytesOf(20, 1));
  await opened.close();

  await rm(inFolder('state.safetensors.partial'));
  await expect(run.openState()).rejects.toMatchObject({ code: 'RUN' });
  await run.close();
});

test('a run is taken up again where it was left', async () => {
  const inFolder = (name: string) => join(folder, name);
  const first = await createRun(folder, { name: 'test' });
  await first.keepResume({ secret: 'loud' });
  await first.keepResume({ secret: 'hush' });
  await save(first, at(10));
  await copyFile(inFolder('state.safetensors'), inFolder('old'));
  await save(first, at(20));
  await first.metrics.append({ step: 20 });
  await first.close();
  await appendFile(inFolder('metrics.jsonl'), '{"step":21,"lo');
  await rename(inFolder('state.safetensors'), inFolder('state.safetensors.partial'));
  await rename(inFolder('old'), inFolder('state.safetensors'));

  expect(await readResume(folder)).toEqual({ secret: 'hush' });
  const second = await resumeRun(folder);
  expect(second.position).toEqual(at(20));
  await second.metrics.append({ step: 21 });
  // It is given up, as by another death: what was there is still whole.
  await second.checkpoint(at(30), parameters, state);
  const run = await openRun(folder);
  expect(run.position.step).toBe(20);
  const opened = await run.openState();
  expect(await opened.read('0.weight/momentum')).toEqual(bytesOf(20, 1));
  await opened.close();
  expect(await all(run.metrics())).toEqual([{ step: 20 }, { step: 21 }]);
  await run.close();
  await second.complete();
  await second.close();
  await expect(readResume(folder)).rejects.toMatchObject({ code: 'RUN' });
});

test('a run without a checkpoint is taken up from the beginning', async () => {
  await (await createRun(folder, {})).close();
  const run = await resumeRun(folder);
  expect(run.position).toBeUndefined();
  await run.close();
});

test('one process at a time writes a run', async () => {
  const first = await createRun(folder, {});
  const refusal = { code: 'RUN', message: expect.stringContaining(`by process ${process.pid}`) };
  await expect(resumeRun(folder)).rejects.toMatchObject(refusal);
  await expect(createRun(folder, {})).rejects.toMatchObject(refusal);
  await first.close();
  await (await resumeRun(folder)).close();
});

test.runIf(process.platform !== 'win32')(
  'what a run is taken up again with is for its user alone',
  async () => {
    const run = await createRun(folder, {});
    await run.keepResume({ secret: 'hush' });
    await run.close();
    expect((await stat(join(folder, 'resume.json'))).mode & 0o077).toBe(0);
  },
);

test('a run that begins in the folder of another begins anew', async () => {
  const first = await createRun(folder, { name: 'first' });
  await save(first, at(10));
  await first.metrics.append({ step: 10 });
  await first.close();
  const second = await createRun(folder, { name: 'second' });
  await second.close();
  await expect(openRun(folder)).rejects.toThrow('before its first checkpoint');
  expect((await readdir(folder)).sort()).toEqual(['metrics.jsonl', 'training.json']);
});

test('a torn last line of the metrics is passed over, another bad line is not', async () => {
  const writer = await createRun(folder, {});
  await save(writer, at(1));
  await writer.metrics.append({ step: 1 });
  await writer.close();
  const run = await openRun(folder);
  await appendFile(join(folder, 'metrics.jsonl'), '{"step":2,"lo');
  expect(await all(run.metrics())).toEqual([{ step: 1 }]);
  await appendFile(join(folder, 'metrics.jsonl'), '\n{"step":3}\n');
  await expect(all(run.metrics())).rejects.toThrow('metrics.jsonl line 2');
  await run.close();
});

test('what is missing is named', async () => {
  const missing = join(folder, 'absent');
  await expect(openRun(missing)).rejects.toMatchObject({
    code: 'RUN',
    message: expect.stringContaining(`there is no folder ${missing}`),
  });
  await expect(openRun(folder)).rejects.toThrow(`${folder} holds no run`);
  await writeFile(join(folder, 'training.json'), '{');
  await expect(openRun(folder)).rejects.toThrow('training.json is not JSON');
});

test('a folder that cannot be made is a STORE error', async () => {
  await writeFile(join(folder, 'file'), '');
  await expect(createRun(join(folder, 'file', 'run'), {})).rejects.toMatchObject({ code: 'STORE' });
});

test.runIf(process.platform === 'linux')(
  'a folder that cannot be made is told at once',
  async () => {
    await expect(createRun('/proc/no/run', {})).rejects.toMatchObject({ code: 'STORE' });
  },
);
