import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRun } from '../checkpoint/run-writer.ts';
import { parseTraining, resolveTraining } from '../model/training.ts';
import { openResumable, recordOf, resumedFlags } from './resume.ts';
import type { TrainFlags } from './train-flags.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ringtmp-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

const training = resolveTraining(
  parseTraining(
    {
      data: { kind: 'digits' },
      model: [{ layer: 'dense', units: 2 }],
      loss: 'softmaxCrossEntropy',
      optimizer: { kind: 'sgd' },
      learningRate: { schedule: 'cosine', rate: 0.5 },
      epochs: 2,
      batch: 10,
    },
    'test',
  ),
  { inputShape: [4], target: { type: 'int32', shape: [] }, trainCount: 30 },
);

const secret = 'abcdefghijklmnopqrstuv';

async function begin(flags: TrainFlags, workers: Parameters<typeof recordOf>[2]): Promise<void> {
  const run = await createRun(folder, training);
  await run.keepResume(recordOf(flags, secret, workers));
  await run.close();
}

test('a run is taken up as it was started, unless it is said otherwise', async () => {
  await begin({ engine: 'wasm', json: true, batch: 10 }, { kind: 'local', count: 3 });
  const resumable = await openResumable(folder);
  expect(resumable.record).toEqual({ secret, engine: 'wasm', nodes: 4 });
  const flags = (given: TrainFlags): TrainFlags => resumedFlags(given, folder, resumable);
  expect(flags({})).toEqual({ engine: 'wasm', nodes: 4 });
  expect(flags({ nodes: 2, json: true })).toEqual({ engine: 'wasm', nodes: 2, json: true });
  expect(flags({ workers: 2, listen: 'x:1', engine: 'blas' })).toEqual({
    engine: 'blas',
    workers: 2,
    listen: 'x:1',
  });
});

test('workers that joined find their master where it was', async () => {
  await begin({ replicas: 'memory' }, { kind: 'join', count: 2, listen: '0.0.0.0:7000' });
  const resumable = await openResumable(folder);
  const flags = (given: TrainFlags): TrainFlags => resumedFlags(given, folder, resumable);
  const listen = '0.0.0.0:7000';
  expect(flags({})).toEqual({ replicas: 'memory', workers: 2, listen });
  expect(flags({ workers: 1 })).toEqual({ replicas: 'memory', workers: 1, listen });
  expect(flags({ nodes: 1 })).toEqual({ replicas: 'memory', nodes: 1 });
});

test.each<[TrainFlags, string]>([
  [{ batch: 20 }, '--batch 20 contradicts the run, which was started with 10'],
  [{ epochs: 3 }, '--epochs 3 contradicts the run, which was started with 2'],
  [{ steps: 7 }, '--steps 7 contradicts the run, which was started with 6'],
  [{ learningRate: 1 }, '--learning-rate 1 contradicts the run, which was started with 0.5'],
  [{ architecture: 'all-reduce' }, '--architecture all-reduce contradicts the run'],
  [{ consistency: 'bsp' }, '--consistency bsp contradicts the run, which was started without it'],
  [{ out: 'elsewhere' }, '--out elsewhere contradicts the run'],
])('%o contradicts the run', async (given, said) => {
  await begin({}, { kind: 'local', count: 0 });
  const resumable = await openResumable(folder);
  const same = { batch: 10, epochs: 2, steps: 6, seed: 1, learningRate: 0.5, out: folder };
  expect(() => resumedFlags(same, folder, resumable)).not.toThrow();
  expect(() => resumedFlags(given, folder, resumable)).toThrow(said);
});

test('a run that says nothing of how it was started is not taken up', async () => {
  await (await createRun(folder, training)).close();
  await expect(openResumable(folder)).rejects.toMatchObject({
    code: 'RUN',
    message: expect.stringContaining('resume.json is missing or damaged'),
  });
  const run = await createRun(folder, training);
  await run.keepResume({ secret, node: 3 });
  await run.close();
  await expect(openResumable(folder)).rejects.toThrow('not as this version of ringtmp writes it');
});
