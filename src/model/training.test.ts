import { describe, expect, test } from 'vitest';
import {
  parseResolved,
  parseRingTraining,
  parseTraining,
  resolveTraining,
  ringTraining,
  trainingJsonSchema,
} from './training.ts';

const file = {
  data: { kind: 'digits' },
  model: [{ layer: 'flatten' }, { layer: 'dense', units: 10 }],
  loss: 'softmaxCrossEntropy',
  optimizer: { kind: 'adam' },
  epochs: 3,
};
const facts = {
  inputShape: [1, 28, 28],
  target: { type: 'int32', shape: [] },
  trainCount: 1000,
  testCount: 200,
} as const;

describe('parseTraining', () => {
  test('fills in defaults', () => {
    expect(parseTraining(file, 'job.json')).toEqual({
      data: { kind: 'digits', train: 8000, test: 2000 },
      model: [{ layer: 'flatten' }, { layer: 'dense', units: 10, bias: true }],
      loss: 'softmaxCrossEntropy',
      optimizer: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
      epochs: 3,
      batch: 64,
      microbatches: 4,
      seed: 1,
    });
  });

  const layers = (...model: unknown[]) => ({ model });
  test.each([
    [
      { epoch: 3 },
      'job.json: epoch is not a known key: the keys here are $schema, name, data, model, loss, optimizer, learningRate, epochs, steps, batch, microbatches, seed, clipNorm, nodes, engine, threads, resolved; did you mean epochs?',
    ],
    [
      layers({ layer: 'dense', unit: 3 }),
      'job.json: model[0].unit is not a known key: the keys here are layer, units, bias; did you mean units?',
    ],
    [
      layers({ layer: 'relu' }, { layer: 'dens' }),
      'job.json: model[1].layer is "dens", expected "dense" or "conv2d" or "maxPool2d" or "averagePool2d" or "globalAveragePool" or "flatten" or "dropout" or "relu" or "leakyRelu" or "elu" or "gelu" or "silu" or "tanh" or "sigmoid" or "softmax"; did you mean dense?',
    ],
    [
      layers({ layer: 'dense' }),
      'job.json: model[0].units is missing, expected a whole number from 1 to 1048576',
    ],
    [layers(), 'job.json: model is [], expected a list of at least 1'],
    [
      layers({ layer: 'conv2d', filters: 1, kernel: [3] }),
      'job.json: model[0].kernel is [3], expected a whole number from 1 to 1024 or a list of 2: [a whole number from 1 to 1024, a whole number from 1 to 1024]',
    ],
    [
      layers({ layer: 'dropout', ratio: 1 }),
      'job.json: model[0].ratio is 1, expected a number from 0 below 1',
    ],
    [
      { optimizer: { kind: 'sdg' } },
      'job.json: optimizer.kind is "sdg", expected "sgd" or "adam" or "adamw"; did you mean sgd?',
    ],
    [
      { learningRate: { schedule: 'cosine', rat: 1 } },
      'job.json: learningRate.rat is not a known key: the keys here are schedule, rate, warmup, final; did you mean rate?',
    ],
    [{ batch: 'many' }, 'job.json: batch is "many", expected a whole number from 1 to 16777216'],
    [{ clipNorm: 0 }, 'job.json: clipNorm is 0, expected a number above 0'],
    [{ steps: 5 }, 'job.json: give either epochs or steps (one of them, a whole number from 1)'],
    [
      { data: { kind: 'csv', file: 'a.csv' } },
      'job.json: data.label is missing, expected a text that is not empty or a whole number',
    ],
  ])('names what is wrong: %j', (change, message) => {
    expect(() => parseTraining({ ...file, ...change }, 'job.json')).toThrow(
      expect.objectContaining({ code: 'TRAINING_FILE', message }),
    );
  });

  test.each([[null], [5], [[]], ['text']])('refuses %j', (value) => {
    expect(() => parseTraining(value, 'job.json')).toThrow(
      /^job.json: it is .*, expected an object/,
    );
  });
});

test('every key of the JSON schema has a description', () => {
  const undescribed = (schema: unknown, path: string): string[] => {
    if (typeof schema !== 'object' || schema === null) return [];
    const { properties = {} } = schema as { properties?: Record<string, object> };
    const silent = Object.keys(properties).filter(
      (key) => !('description' in (properties[key] ?? {})),
    );
    return Object.entries(schema)
      .flatMap(([key, value]) => undescribed(value, `${path}/${key}`))
      .concat(silent.map((key) => `${path}/${key}`));
  };
  const schema = trainingJsonSchema();
  expect(undescribed(schema, '')).toEqual([]);
  expect(schema['required']).toEqual(['data', 'model', 'loss', 'optimizer']);
});

describe('resolveTraining', () => {
  const resolve = (change: object, about: object = {}) =>
    resolveTraining(parseTraining({ ...file, ...change }, 'job.json'), { ...facts, ...about });

  test('freezes what follows', () => {
    const { learningRate, resolved } = resolve({ microbatches: 5 });
    expect(learningRate).toEqual({ schedule: 'constant', rate: 0.001, warmup: 0 });
    expect(resolved).toMatchObject({
      batch: 64,
      rows: 13,
      microbatches: 5,
      stepsPerEpoch: 16,
      steps: 48,
    });
    expect(resolved.layers[1]).toMatchObject({
      inputs: { x: { type: 'float32', shape: [784] } },
      outputs: { x: { type: 'float32', shape: [10] } },
      parameters: [
        {
          name: 'weight',
          shape: [10, 784],
          initial: { kind: 'uniform', bound: Math.sqrt(6 / 784) },
        },
        { name: 'bias', shape: [10], initial: { kind: 'constant', value: 0 } },
      ],
    });
  });

  test.each([
    // batch, microbatches, g of a convolution with 100 positions, g of the dense layer behind it
    [64, 4, 1, 4],
    [64, 1, 1, 1],
    [256, 8, 1, 2],
    [1024, 8, 1, 1],
    [1024, 4, 1, 1],
    [16, 8, 1, 8],
    [12, 12, 1, 16],
  ])('weight groups of batch %i in %i microbatches', (batch, microbatches, convolution, dense) => {
    const model = [
      { layer: 'conv2d', filters: 2, kernel: 3 },
      { layer: 'relu' },
      { layer: 'flatten' },
      { layer: 'dense', units: 10 },
    ];
    const { resolved } = resolve(
      { model, batch, microbatches },
      { inputShape: [1, 12, 12], trainCount: 5000 },
    );
    expect(resolved.layers.map(({ weightGroup }) => weightGroup)).toEqual([
      convolution,
      1,
      1,
      dense,
    ]);
  });

  test('a batch is no larger than the data, a microbatch no smaller than a row', () => {
    expect(resolve({ microbatches: 100 }, { trainCount: 10 }).resolved).toMatchObject({
      batch: 10,
      rows: 1,
      microbatches: 10,
      stepsPerEpoch: 1,
    });
  });

  test('a model without parameters is refused', () => {
    const model = [{ layer: 'flatten' }, { layer: 'relu' }];
    expect(() => resolve({ model })).toThrow(
      expect.objectContaining({
        code: 'MODEL',
        message:
          'the model has no layer with parameters, so there is nothing to train: add a dense or conv2d layer',
      }),
    );
  });

  test('a layer that no memory would hold is refused', () => {
    const model = [{ layer: 'flatten' }, { layer: 'dense', units: 2 ** 20 }];
    expect(() => resolve({ model })).toThrow(
      /^layer 1 \(dense\) is given \[784\] per sample, expects tensors of at most/,
    );
  });
});

describe('parseResolved', () => {
  const resolved = resolveTraining(parseTraining(file, 'job.json'), facts);
  const copy = (): typeof resolved => JSON.parse(JSON.stringify(resolved));

  test('gives back what was sent, and it is a training file too', () => {
    expect(parseResolved(copy())).toEqual(resolved);
    const { resolved: _, ...training } = copy();
    expect(parseTraining(copy(), 'run')).toEqual(training);
  });

  test.each([
    ['not an object', 7, /expected an object/],
    ['an unknown layer', { ...copy(), model: [{ layer: 'shell' }] }, /model\[0\].layer is "shell"/],
    ['without facts', { ...copy(), resolved: {} }, /resolved.data is missing/],
    [
      'parameters of another size',
      JSON.parse(JSON.stringify(copy()).replace('[10,784]', '[10,785]')),
      /was resolved in another way than here/,
    ],
    [
      'layers that do not fit',
      { ...copy(), model: [{ layer: 'dense', units: 10 }] },
      /layer 0 \(dense\) is given \[1, 28, 28\]/,
    ],
  ])('refuses %s', (_, value, message) => {
    expect(() => parseResolved(value)).toThrow(
      expect.objectContaining({ code: 'PROTOCOL', message: expect.stringMatching(message) }),
    );
  });
});

test('what workers are told says nothing of the data but shapes and counts', () => {
  const csv = { kind: 'csv', file: 'secret/patients.csv', label: 'illness' };
  const training = parseTraining({ ...file, name: 'ward 7', data: csv }, 'job.json');
  const learnt = { means: [1.5], columns: ['age'] };
  const resolved = resolveTraining(training, {
    ...facts,
    classes: Array.from({ length: 10 }, (_, k) => `illness ${k}`),
    preprocessing: learnt,
  });
  const told = JSON.parse(JSON.stringify(ringTraining(resolved)));
  expect(JSON.stringify(told)).not.toMatch(/secret|illness|ward|age|1\.5/);
  const { classes: _, preprocessing: __, ...shapes } = resolved.resolved.data;
  expect(parseRingTraining(told)).toEqual({
    ...told,
    resolved: { ...resolved.resolved, data: shapes },
  });
  expect(() => parseRingTraining(resolved)).toThrow(expect.objectContaining({ code: 'PROTOCOL' }));
});
