import { describe, expect, test } from 'vitest';
import { interpretInFloat64 } from '../../test/reference/interpreter.ts';
import { GraphBuilder } from './builder.ts';
import { differentiate, gradientName } from './differentiate.ts';
import { gradients } from './gradients.ts';
import type { Attributes, Graph, Shape } from './graph.ts';
import { elementCount } from './graph.ts';

/** A sequence that looks random, without ties and away from zero, in (-1.5, 1.5) or (0.5, 1.5). */
function numbers(count: number, seed: number, positive: boolean): Float64Array {
  return Float64Array.from({ length: count }, (_, index) => {
    const fraction = ((index + 1) * 0.6180339887498949 + seed * 0.7548776662466927) % 1;
    const magnitude = 0.5 + fraction;
    return positive || (index * 7 + seed) % 3 !== 0 ? magnitude : -magnitude;
  });
}

interface Case {
  op: string;
  /** Shapes of the float32 inputs; an int32 input is given by its values. */
  inputs: readonly (Shape | { indices: readonly number[]; shape: Shape })[];
  attributes?: Attributes;
  positive?: boolean;
}

const image = { strides: [2, 1], pads: [1, 0, 1, 2] };
const pool = { kernel: [3, 2], strides: [2, 1], pads: [1, 1, 0, 1] };
const counter = { indices: [4, 2], shape: [2] };
const cases: readonly Case[] = [
  { op: 'Gemm', inputs: [[3, 4], [4, 2], [2]], attributes: { alpha: 0.5 } },
  {
    op: 'Gemm',
    inputs: [
      [4, 3],
      [4, 2],
      [3, 1],
    ],
    attributes: { transA: 1 },
  },
  { op: 'Gemm', inputs: [[3, 4], [2, 4], []], attributes: { transB: 1 } },
  {
    op: 'Gemm',
    inputs: [
      [4, 3],
      [2, 4],
      [3, 2],
    ],
    attributes: { transA: 1, transB: 1 },
  },
  {
    op: 'MatMul',
    inputs: [
      [2, 3, 4],
      [4, 2],
    ],
  },
  {
    op: 'MatMul',
    inputs: [
      [2, 1, 3, 4],
      [3, 4, 2],
    ],
  },
  { op: 'Conv', inputs: [[2, 4, 5, 4], [6, 2, 3, 2], [6]], attributes: { ...image, group: 2 } },
  { op: 'MaxPool', inputs: [[2, 2, 5, 4]], attributes: pool },
  { op: 'AveragePool', inputs: [[2, 2, 5, 4]], attributes: pool },
  ...['Add', 'Sub', 'Mul', 'Div'].flatMap((op) => [
    {
      op,
      inputs: [
        [2, 3],
        [2, 3],
      ],
    },
    {
      op,
      inputs: [
        [2, 1, 3],
        [4, 1],
      ],
    },
    { op, inputs: [[], [2, 3]] },
  ]),
  ...['Neg', 'Exp', 'Softplus', 'Relu', 'Gelu', 'Silu', 'Tanh', 'Sigmoid', 'Softmax'].map((op) => ({
    op,
    inputs: [[3, 4]],
  })),
  ...['Log', 'Sqrt'].map((op) => ({ op, inputs: [[3, 4]], positive: true })),
  ...['LeakyRelu', 'Elu'].map((op) => ({ op, inputs: [[3, 4]], attributes: { alpha: 0.3 } })),
  { op: 'Scale', inputs: [[3, 4], []] },
  { op: 'Dropout', inputs: [[5, 4], counter], attributes: { ratio: 0.5, seed: 1, layer: 2 } },
  ...['ReduceSum', 'ReduceMean'].flatMap((op) => [
    { op, inputs: [[2, 3, 4]], attributes: { axes: [1, 2], keepdims: 0 } },
    { op, inputs: [[2, 3, 4]], attributes: { axes: [2, 0], keepdims: 1 } },
    { op, inputs: [[2, 3, 4]], attributes: { axes: [0, 1, 2], keepdims: 0 } },
  ]),
  { op: 'ReduceSumSquare', inputs: [[2, 3]] },
  { op: 'SoftmaxCrossEntropy', inputs: [[2, 2, 5], { indices: [0, 4, 2, 2], shape: [2, 2] }] },
  { op: 'Reshape', inputs: [[2, 6]], attributes: { shape: [3, 4] } },
  { op: 'Identity', inputs: [[2, 3]] },
  { op: 'Transpose', inputs: [[2, 3, 4]], attributes: { perm: [2, 0, 1] } },
  { op: 'Slice', inputs: [[2, 6, 3]], attributes: { axis: 1, start: 2, end: 5 } },
  {
    op: 'Concat',
    inputs: [
      [2, 1, 3],
      [2, 4, 3],
      [2, 2, 3],
    ],
    attributes: { axis: 1 },
  },
  { op: 'Gather', inputs: [[5, 3], { indices: [4, 0, 4, 1], shape: [2, 2] }] },
  { op: 'Broadcast', inputs: [[3, 1]], attributes: { shape: [2, 3, 4] } },
];

/** All values of a graph as outputs. */
const exposed = (graph: Graph): Graph => ({ ...graph, outputs: Object.keys(graph.types) });

function prepare({ op, inputs, attributes = {}, positive = false }: Case) {
  const builder = new GraphBuilder();
  const values: Record<string, Float64Array> = {};
  const variables: string[] = [];
  inputs.forEach((input, index) => {
    const name = `x${index}`;
    if ('indices' in input) {
      builder.input(name, { type: 'int32', shape: input.shape });
      values[name] = Float64Array.from(input.indices);
    } else {
      builder.input(name, { type: 'float32', shape: input });
      values[name] = numbers(elementCount(input), index + 1, positive);
      variables.push(name);
    }
  });
  const y = builder.apply(op, Object.keys(values), attributes);
  const forward = builder.finish([y]);
  const seed = numbers(elementCount(builder.type(y).shape), 9, false);
  return { forward, y, values, variables, seed };
}

describe('the gradient of', () => {
  test.for(cases)('$op of $inputs is what finite differences give', (definition) => {
    const { forward, y, values, variables, seed } = prepare(definition);
    const backward = differentiate(forward, {
      seeds: { [y]: 'seed' },
      inputs: variables,
      parameters: [],
    }).whole;
    const known = interpretInFloat64(exposed(forward), values);
    const result = interpretInFloat64(backward, { ...known, seed });
    const weighed = (changed: Record<string, Float64Array>) =>
      Array.from(interpretInFloat64(forward, changed)[y] ?? []).reduce(
        (sum, value, index) => sum + value * (seed[index] ?? 0),
        0,
      );
    const step = 1e-5;
    for (const name of variables) {
      const base = values[name] ?? new Float64Array();
      const differences = base.map((value, index) => {
        const up = weighed({ ...values, [name]: base.with(index, value + step) });
        const down = weighed({ ...values, [name]: base.with(index, value - step) });
        return (up - down) / (2 * step);
      });
      const gradient = result[gradientName(name)];
      expect(gradient?.length).toBe(base.length);
      gradient?.forEach((value, index) => expect(value).toBeCloseTo(differences[index] ?? NaN, 6));
    }
  });

  test('every operator that has rules is among the cases', () => {
    const tested = new Set(cases.map(({ op }) => op));
    expect(Object.keys(gradients).filter((op) => !tested.has(op))).toEqual([]);
  });
});
