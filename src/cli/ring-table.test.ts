import { expect, test } from 'vitest';
import { parseTraining, resolveTraining } from '../model/training.ts';
import type { NodeReport, Stage } from '../node.ts';
import { predictionLine } from './prediction-line.ts';
import { ringTable, ringWarnings } from './ring-table.ts';

const training = resolveTraining(
  parseTraining(
    {
      data: { kind: 'digits' },
      model: [
        { layer: 'flatten' },
        { layer: 'dense', units: 8 },
        { layer: 'relu' },
        { layer: 'dense', units: 6 },
        { layer: 'dense', units: 10 },
      ],
      loss: 'softmaxCrossEntropy',
      optimizer: { kind: 'sgd' },
      steps: 1,
    },
    'test',
  ),
  { inputShape: [1, 2, 2], target: { type: 'int32', shape: [] }, trainCount: 100 },
);

const node = (name: string, stages: [Stage['place'], number, number][], engine = 'wasm') =>
  ({
    node: name,
    name: 'host',
    engine,
    cores: 1,
    flops: 1,
    bytes: 2048,
    stages: stages.map(([place, from, to]) => ({ place, from, to, window: 1 })),
  }) satisfies NodeReport;

test('a ring says who holds what', () => {
  const nodes = [
    node('master', [
      ['opening', 0, 3],
      ['closing', 4, 5],
    ]),
    node('worker-1', [['inner', 3, 4]]),
  ];
  expect(ringTable(nodes, training)).toEqual([
    'node      device  layers     which are               parameters  memory  engine',
    'master    host    0-2 and 4  flatten, 2 dense, relu         110  2.0 kB  wasm',
    'worker-1  host    3          dense                           54  2.0 kB  wasm',
  ]);
  expect(ringWarnings(nodes, training)).toEqual([]);
});

test('it warns of engines that differ, and of a loss that stands alone', () => {
  const nodes = [
    node('master', [
      ['opening', 0, 2],
      ['closing', 5, 5],
    ]),
    node('worker-1', [['inner', 2, 4]], 'OpenBLAS'),
    node('worker-2', [['inner', 4, 5]]),
  ];
  const [engines, labels, ...more] = ringWarnings(nodes, training);
  expect(engines).toContain('different engines');
  expect(labels).toContain('give the labels away; a ring of at most 2 nodes avoids that');
  expect(more).toEqual([]);
  expect(ringTable(nodes, training)[1]).toContain('0-1 and the loss');
  expect(ringWarnings([node('master', [['closing', 0, 5]])], training)).toEqual([]);
});

test('a prediction is a class with its probability, or numbers', () => {
  const scores = Float32Array.of(0, Math.log(3), -Infinity);
  const classes = ['no', 'yes, "sure"', 'never'];
  expect(predictionLine(scores, 'softmaxCrossEntropy', classes, 'csv')).toBe(
    '"yes, ""sure""",0.75',
  );
  expect(predictionLine(scores, 'softmaxCrossEntropy', classes, 'jsonl')).toBe(
    '{"class":"yes, \\"sure\\"","probability":0.75}',
  );
  expect(predictionLine(Float32Array.of(0), 'binaryCrossEntropy', undefined, 'csv')).toBe('0.5');
  for (const [output, line] of [
    [Math.log(3), '"yes, ""sure""",0.75'],
    [-Math.log(3), 'no,0.75'],
    [0, 'no,0.5'],
  ] as const)
    expect(predictionLine(Float32Array.of(output), 'binaryCrossEntropy', classes, 'csv')).toBe(
      line,
    );
  expect(predictionLine(Float32Array.of(1.5, -2), 'meanSquaredError', undefined, 'jsonl')).toBe(
    '{"values":[1.5,-2]}',
  );
});

test('where all hold the whole model, the table says who does what', () => {
  const nodes = [
    { ...node('master', [['closing', 0, 5]]), roles: ['worker'] as const },
    { ...node('worker-1', [['closing', 0, 5]]), roles: ['worker', 'server'] as const },
  ];
  const [title, first, second] = ringTable(nodes, training);
  expect(title).toMatch(/^node +device +role +memory +engine$/);
  expect(first).toMatch(/^master .* worker +\S/);
  expect(second).toMatch(/^worker-1 .* worker and server +\S/);
});
