import { expect, test } from 'vitest';

import { memoryDataset } from '../data/index.ts';
import { trainingCourse } from '../machine/course.ts';
import { parseTraining, resolveTraining } from '../model/training.ts';
import type { LayerStore } from '../runtime/runner.ts';
import { startMaster } from './master-session.ts';

const [batch, steps] = [4, 2];
const target = { type: 'int32', shape: [] } as const;
const train = memoryDataset({
  inputShape: [3],
  inputs: new Float32Array(3 * batch),
  targets: new Int32Array(batch),
  target,
});
const training = resolveTraining(
  parseTraining(
    {
      data: { kind: 'digits' },
      model: [{ layer: 'dense', units: 2 }],
      loss: 'softmaxCrossEntropy',
      optimizer: { kind: 'sgd' },
      batch,
      steps,
    },
    'test',
  ),
  { inputShape: [3], target, trainCount: batch },
);

/** What a master alone reports of a whole run. */
async function reportsOf(store?: LayerStore): Promise<readonly string[]> {
  const kinds: string[] = [];
  const session = await startMaster({
    training,
    purpose: 'train',
    course: trainingCourse({ trainCount: batch, testCount: 0, batch, steps }),
    samples: { train, order: () => [0, 1, 2, 3] },
    ...(store && { store }),
    engine: { kind: 'wasm', threads: 1 },
    workers: { kind: 'local', count: 0 },
    report: ({ kind }) => void kinds.push(kind),
  });
  await session.ended;
  return kinds.filter((kind) => kind === 'step' || kind === 'saved');
}

const kept: LayerStore = {
  save: () => Promise.resolve(),
  complete: () => Promise.resolve(),
  fetch: () => Promise.reject(new Error('nothing is loaded here')),
  discard: () => Promise.resolve(),
};

test('what a course saves is saved where there is a store, and not fetched where there is none', async () => {
  expect(await reportsOf(kept)).toEqual(['step', 'saved', 'step', 'saved']);
  expect(await reportsOf()).toEqual(['step', 'step']);
});
