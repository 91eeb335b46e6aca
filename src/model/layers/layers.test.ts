// Every layer against PyTorch: what comes out, and the gradients of input and parameters.

import { describe, expect, test } from 'vitest';
import { readGolden } from '../../../test/reference/safetensors.ts';
import type { TensorType } from '../../graph/graph.ts';
import { relativeError, runInto, trainingOf } from '../../../test/reference/trainings.ts';
import type { Values } from '../../../test/reference/trainings.ts';
import { deriveStage } from '../stage.ts';

const cases: Record<string, Record<string, unknown>> = {
  dense: { layer: 'dense', units: 7 },
  conv2d: { layer: 'conv2d', filters: 5, kernel: 3, padding: 1 },
  'conv2d-stride2': { layer: 'conv2d', filters: 4, kernel: [3, 3], stride: 2, padding: 1 },
  'conv2d-5x5-valid': { layer: 'conv2d', filters: 3, kernel: 5 },
  'conv2d-depthwise': { layer: 'conv2d', filters: 4, kernel: 3, padding: 'same', groups: 4 },
  maxPool2d: { layer: 'maxPool2d', kernel: 2 },
  'maxPool2d-overlap': { layer: 'maxPool2d', kernel: 3, stride: 2, padding: 1 },
  averagePool2d: { layer: 'averagePool2d', kernel: 2 },
  globalAveragePool: { layer: 'globalAveragePool' },
  flatten: { layer: 'flatten' },
  relu: { layer: 'relu' },
  leakyRelu: { layer: 'leakyRelu' },
  elu: { layer: 'elu' },
  gelu: { layer: 'gelu' },
  silu: { layer: 'silu' },
  tanh: { layer: 'tanh' },
  sigmoid: { layer: 'sigmoid' },
  softmax: { layer: 'softmax' },
};

const float = (shape: readonly number[]): TensorType => ({ type: 'float32', shape });

describe('layers agree with PyTorch', () => {
  test.each(Object.entries(cases))('%s', (name, layer) => {
    const { tensors } = readGolden(`layer-${name}`);
    const { x, y, dy, dx } = tensors;
    if (!x || !y || !dy || !dx) throw new Error('the golden file is not of a layer');
    const model = [layer, { layer: 'flatten' }, { layer: 'dense', units: 1 }];
    const training = trainingOf(model, { inputShape: x.shape.slice(1), target: float([1]) });
    const request = { from: 0, to: 1, loss: false, input: true };
    const stage = deriveStage(training, request, x.shape[0] ?? 0, 'train');
    expect(stage.outputs).toEqual([{ name: 'x1', type: float(y.shape) }]);

    const values: Values = { x0: x.data, 'd/x1': dy.data };
    for (const { name } of stage.parameters)
      values[name] = tensors[`param.${name.slice(2)}`]?.data ?? new Float32Array();
    runInto(stage.forward, values);
    expect(relativeError(values['x1'], y.data)).toBeLessThan(1e-4);
    runInto(stage.backward, values);
    expect(relativeError(values['d/x0'], dx.data)).toBeLessThan(1e-4);
    const [rows = 0] = x.shape;
    for (const unit of stage.weightGradients) runInto(unit.graph(rows).fresh, values);
    for (const { name } of stage.parameters)
      expect(
        relativeError(values[`d/${name}`], tensors[`grad.${name.slice(2)}`]?.data),
      ).toBeLessThan(1e-4);
  });
});

describe('a layer that does not fit says so in one line', () => {
  const facts = { inputShape: [3, 8, 8], target: float([2]) };
  test.each([
    [
      [{ layer: 'dense', units: 2 }],
      'layer 0 (dense) is given [3, 8, 8] per sample, expects a flat vector of features: put { "layer": "flatten" } before it',
    ],
    [
      [{ layer: 'flatten' }, { layer: 'conv2d', filters: 2, kernel: 3 }],
      'layer 1 (conv2d) is given [192] per sample, expects an image [channels, height, width]: put it before any flatten or dense, and give the data an image shape',
    ],
    [
      [{ layer: 'conv2d', filters: 2, kernel: 9 }],
      'layer 0 (conv2d) is given [3, 8, 8] per sample, expects an image no smaller than its kernel 9 x 9: take a smaller kernel or more padding',
    ],
    [
      [{ layer: 'conv2d', filters: 2, kernel: 3, groups: 2 }],
      'layer 0 (conv2d) is given [3, 8, 8] per sample, expects channels and filters (2) that its 2 groups divide: change groups or filters',
    ],
    [
      [{ layer: 'maxPool2d', kernel: 2, padding: 2 }],
      'layer 0 (maxPool2d) is given [3, 8, 8] per sample, expects a padding of at most half its kernel: take less padding',
    ],
  ])('%j', (model, message) => {
    expect(() => trainingOf(model, facts)).toThrow(
      expect.objectContaining({ code: 'MODEL', message }),
    );
  });
});

describe('dense on sequences', () => {
  test('works on the last axis', () => {
    const training = trainingOf([{ layer: 'dense', units: 2 }], {
      inputShape: [2, 3],
      target: float([2, 2]),
    });
    const stage = deriveStage(training, { from: 0, to: 1, loss: false, input: true }, 1, 'train');
    const values: Values = {
      x0: Float32Array.of(1, 2, 3, 4, 5, 6),
      '0.weight': Float32Array.of(1, 0, 0, 0, 1, 1),
      '0.bias': Float32Array.of(0, 10),
      'd/x1': Float32Array.of(1, 0, 0, 1),
    };
    runInto(stage.forward, values);
    expect([...(values['x1'] ?? [])]).toEqual([1, 15, 4, 21]);
    runInto(stage.backward, values);
    expect([...(values['d/x0'] ?? [])]).toEqual([1, 0, 0, 0, 1, 1]);
    for (const unit of stage.weightGradients) runInto(unit.graph(1).fresh, values);
    expect([...(values['d/0.weight'] ?? [])]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...(values['d/0.bias'] ?? [])]).toEqual([1, 1]);
  });
});
