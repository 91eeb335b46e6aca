// The built-in digits must be worth learning: too hard for a linear model, not for a small network.

import { expect, test } from 'vitest';

import { openData } from '../../src/data/index.ts';
import { runRealRing } from '../ring/real-ring.ts';

const dense = (units: number): object => ({ layer: 'dense', units });
const relu = { layer: 'relu' };

async function accuracyOf(model: readonly object[], epochs: number): Promise<number> {
  const { train, test } = await openData(
    { kind: 'digits', train: 8000, test: 2000 },
    { seed: 1, baseFolder: '.' },
  );
  const settings = { loss: 'softmaxCrossEntropy', optimizer: { kind: 'adam' }, microbatches: 1 };
  const training = { model: [{ layer: 'flatten' }, ...model], ...settings, epochs };
  const { reports } = await runRealRing({ training, train, test: test!, nodes: 1 });
  const accuracies = reports.flatMap((report) =>
    report.kind === 'evaluated' ? [report.accuracy!] : [],
  );
  expect(accuracies).toHaveLength(epochs);
  return Math.max(...accuracies);
}

test('a linear model stays below 93 %', async () => {
  expect(await accuracyOf([dense(10)], 8)).toBeLessThan(0.93);
}, 60_000);

test('a small network passes 97 %', async () => {
  expect(await accuracyOf([dense(128), relu, dense(64), relu, dense(10)], 6)).toBeGreaterThan(0.97);
}, 60_000);
