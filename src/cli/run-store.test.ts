import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openRun } from '../checkpoint/run.ts';
import { createRun, resumeRun } from '../checkpoint/run-writer.ts';
import { byteLength } from '../graph/graph.ts';
import type { Shape } from '../graph/graph.ts';
import { parseTraining, resolveTraining } from '../model/training.ts';
import { tensorPayload } from '../protocol/messages.ts';
import { createRunStore, openRunStore } from './run-store.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ringtmp-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

const resolve = (units: number) =>
  resolveTraining(
    parseTraining(
      {
        data: { kind: 'csv', file: 'x.csv', label: -1 },
        model: [
          { layer: 'dense', units },
          { layer: 'relu' },
          { layer: 'dense', units: 2, bias: false },
        ],
        loss: 'softmaxCrossEntropy',
        optimizer: { kind: 'sgd', momentum: 0.9 },
        epochs: 2,
        batch: 10,
      },
      'test',
    ),
    { inputShape: [4], target: { type: 'int32', shape: [] }, trainCount: 30 },
  );

function tensor(name: string, shape: Shape, value: number) {
  const type = { type: 'float32' as const, shape };
  const bytes = new Uint8Array(new Float32Array(byteLength(type) / 4).fill(value).buffer);
  return { name, type, bytes };
}

const layers = [
  [
    0,
    [
      tensor('0.weight', [3, 4], 1),
      tensor('0.bias', [3], 2),
      tensor('0.weight/momentum', [3, 4], 3),
      tensor('0.bias/momentum', [3], 4),
    ],
  ],
  [2, [tensor('2.weight', [2, 3], 5), tensor('2.weight/momentum', [2, 3], 6)]],
] as const;

async function save(): Promise<void> {
  const training = resolve(3);
  const writer = createRun(folder, training);
  const store = createRunStore(() => writer, training);
  for (const [layer, tensors] of layers) await store.save(4, layer, tensorPayload(tensors));
  await store.complete(4);
  await store.save(5, 0, tensorPayload(layers[0][1]));
  await store.discard();
  await (await writer).close();
}

test('layers are kept as parameters and state, and come back one by one', async () => {
  await save();
  const run = await openRun(folder);
  expect(run.position).toEqual({ step: 4, epoch: 1, seed: 1 });
  expect([...run.parameters.tensors.keys()]).toEqual(['0.weight', '0.bias', '2.weight']);
  const state = await run.openState();
  expect([...state.tensors.keys()]).toEqual([
    '0.weight/momentum',
    '0.bias/momentum',
    '2.weight/momentum',
  ]);
  const [, bias] = layers[0][1];
  expect(await openRunStore(run, resolve(3)).fetch(0)).toEqual(
    tensorPayload([layers[0][1][0], bias]),
  );
  await state.close();
  await run.close();
});

test('to train on, a layer comes back with its state, from the newest checkpoint', async () => {
  await save();
  const writer = resumeRun(folder);
  const store = createRunStore(() => writer, resolve(3));
  for (const [layer, tensors] of layers)
    expect(await store.fetch(layer)).toEqual(tensorPayload(tensors));
  const later = layers.map(([layer, tensors]) => {
    const doubled = tensors.map(({ name, type, bytes }) => ({
      name,
      type,
      bytes: bytes.map((b) => b ^ 1),
    }));
    return [layer, doubled] as const;
  });
  for (const [layer, tensors] of later) await store.save(6, layer, tensorPayload(tensors));
  expect(await store.fetch(2)).toEqual(tensorPayload(layers[1][1]));
  await store.complete(6);
  expect(await store.fetch(2)).toEqual(tensorPayload(later[1]![1]));
  await (await writer).close();
});

test('a model of other shapes than its training file is refused', async () => {
  await save();
  const run = await openRun(folder);
  await expect(openRunStore(run, resolve(7)).fetch(0)).rejects.toMatchObject({
    code: 'RUN',
    message: expect.stringContaining(
      '0.weight has shape [3, 4], but training.json makes it [7, 4]',
    ),
  });
  await run.close();
});

test('a checkpoint that is given up leaves no partial file, one that is whole is kept', async () => {
  const training = resolve(3);
  const writer = createRun(folder, training);
  const store = createRunStore(() => writer, training);
  const begun = store.save(4, 0, tensorPayload(layers[0][1])).catch(() => undefined);
  await store.discard();
  await begun;
  expect((await readdir(folder)).sort()).toEqual(['lock', 'metrics.jsonl', 'training.json']);

  for (const [layer, tensors] of layers) await store.save(5, layer, tensorPayload(tensors));
  const completed = store.complete(5);
  await store.discard();
  expect((await readdir(folder)).sort()).toEqual([
    'lock',
    'metrics.jsonl',
    'model.safetensors',
    'state.safetensors',
    'training.json',
  ]);
  await completed;
  await (await writer).close();
});
