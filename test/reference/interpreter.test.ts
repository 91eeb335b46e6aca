import { expect, test } from 'vitest';
import { GraphBuilder } from '../../src/graph/builder.ts';
import type { Attributes, TensorType } from '../../src/graph/graph.ts';
import { interpret } from './interpreter.ts';
import { readGolden } from './safetensors.ts';

const float32 = (shape: readonly number[]): TensorType => ({ type: 'float32', shape });

/** Applies one operator to golden tensors: by how much it misses the golden output, relative to its largest element. */
function relativeError(
  file: string,
  op: string,
  inputs: readonly string[],
  output: string,
  attributes: Attributes = {},
): number {
  const { tensors } = readGolden(file);
  const builder = new GraphBuilder();
  for (const name of inputs) {
    const tensor = tensors[name];
    if (tensor) {
      const type = tensor.data instanceof Int32Array ? 'int32' : 'float32';
      builder.input(name, { type, shape: tensor.shape });
    }
  }
  const y = builder.apply(op, inputs, attributes);
  const given = Object.fromEntries(
    inputs.map((name) => [name, tensors[name]?.data ?? new Float32Array()]),
  );
  const result = interpret(builder.finish([y]), given)[y];
  const expected = Array.from(tensors[output]?.data ?? []);
  const largest = Math.max(...expected.map(Math.abs));
  const misses = expected.map((value, index) => Math.abs(value - (result?.[index] ?? NaN)));
  return misses.length === result?.length ? Math.max(...misses) / largest : NaN;
}

const pool = { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] };
const padded = { pads: [1, 1, 1, 1] };

test.for([
  ['layer-dense', 'Gemm', ['x', 'param.weight', 'param.bias'], 'y', { transB: 1 }],
  ['layer-dense', 'Gemm', ['dy', 'param.weight'], 'dx', {}],
  ['layer-dense', 'Gemm', ['dy', 'x'], 'grad.weight', { transA: 1 }],
  ['layer-conv2d', 'Conv', ['x', 'param.weight', 'param.bias'], 'y', padded],
  ['layer-conv2d', 'ConvWeightGradient', ['dy', 'x'], 'grad.weight', { ...padded, kernel: [3, 3] }],
  [
    'layer-conv2d-depthwise',
    'Conv',
    ['x', 'param.weight', 'param.bias'],
    'y',
    { ...padded, group: 4 },
  ],
  ['layer-maxPool2d-overlap', 'MaxPool', ['x'], 'y', pool],
  ['layer-maxPool2d-overlap', 'MaxPoolGradient', ['dy', 'x', 'y'], 'dx', pool],
  ['layer-averagePool2d', 'AveragePool', ['x'], 'y', { kernel: [2, 2], strides: [2, 2] }],
  ['layer-gelu', 'Gelu', ['x'], 'y', {}],
  ['layer-gelu', 'GeluGradient', ['dy', 'x'], 'dx', {}],
  ['layer-silu', 'SiluGradient', ['dy', 'x'], 'dx', {}],
  ['layer-elu', 'EluGradient', ['dy', 'y'], 'dx', {}],
  ['layer-softmax', 'Softmax', ['x'], 'y', {}],
  ['layer-softmax', 'SoftmaxGradient', ['dy', 'y'], 'dx', {}],
  ['layer-embedding', 'Gather', ['param.weight', 'x'], 'y', {}],
  ['layer-embedding', 'GatherGradient', ['dy', 'x'], 'grad.weight', { rows: 11 }],
] as const)("%s: %s of %j gives PyTorch's %s", ([file, op, inputs, output, attributes]) => {
  expect(relativeError(file, op, inputs, output, attributes)).toBeLessThan(1e-5);
});

test('dropout draws by counter, so rows give the same values in whatever pieces they come', () => {
  const builder = new GraphBuilder();
  const x = builder.input('x', float32([4, 50]));
  const counter = builder.input('counter', { type: 'int32', shape: [2] });
  const y = builder.apply('Dropout', [x, counter], { ratio: 0.25, seed: 7, layer: 3 });
  const graph = builder.finish([y]);
  const ones = new Float32Array(200).fill(1);
  const at = (position: number) =>
    Array.from(interpret(graph, { x: ones, counter: Int32Array.of(9, position) })[y] ?? []);
  expect(at(2).slice(0, 100)).toEqual(at(0).slice(100));
  expect(at(0)).not.toEqual(at(4));
  expect(new Set(at(0))).toEqual(new Set([0, Math.fround(1 / 0.75)]));
});
