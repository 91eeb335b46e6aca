import { expect, test } from 'vitest';

import { createInlineEngine } from '../engine/inline.ts';
import { parseTraining, resolveTraining, ringTraining } from '../model/training.ts';
import type { Work } from '../node.ts';
import { EngineExecutor } from './executor.ts';

const dense = (units: number): object => ({ layer: 'dense', units });
const training = ringTraining(
  resolveTraining(
    parseTraining(
      {
        data: { kind: 'digits' },
        model: [dense(6), { layer: 'relu' }, dense(5), dense(4)],
        loss: 'softmaxCrossEntropy',
        optimizer: { kind: 'adam' },
        learningRate: 0.1,
        batch: 8,
        epochs: 1,
      },
      'test',
    ),
    { inputShape: [3], target: { type: 'int32', shape: [] }, trainCount: 16 },
  ),
);
const prepare = (from: number, to: number): Work => ({
  kind: 'prepare',
  training,
  purpose: 'train',
  stages: [{ place: 'inner', from, to, window: 2 }],
});

test('stages of a ring that is no more give their memory back', async () => {
  const engine = await createInlineEngine();
  const executor = new EngineExecutor(engine);
  const bytesOf = async (from: number, to: number): Promise<number> => {
    await executor.run(prepare(from, to));
    return engine.allocatedBytes;
  };
  const first = await bytesOf(2, 3);
  expect(await bytesOf(2, 4)).toBeGreaterThan(first);
  expect(await bytesOf(2, 3)).toBe(first);
  await engine.close();
});
