import { describe, expect, test } from 'vitest';
import type { Attributes, Shape } from './graph.ts';
import { inferTypes, inPlaceInputs, operatorNames, operatorOf } from './operators.ts';

const float32 = (...shape: number[]) => ({ type: 'float32', shape }) as const;
const int32 = (...shape: number[]) => ({ type: 'int32', shape }) as const;

describe('shapes', () => {
  const cases: readonly [op: string, inputs: readonly Shape[], Attributes, output: Shape][] = [
    ['Gemm', [[3, 4], [2, 4], [2]], { transB: 1 }, [3, 2]],
    [
      'MatMul',
      [
        [5, 1, 3, 4],
        [2, 4, 6],
      ],
      {},
      [5, 2, 3, 6],
    ],
    [
      'Conv',
      [
        [2, 4, 9, 8],
        [6, 2, 3, 3],
      ],
      { strides: [2, 2], pads: [1, 1, 1, 1], group: 2 },
      [2, 6, 5, 4],
    ],
    [
      'MaxPool',
      [[2, 3, 9, 7]],
      { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
      [2, 3, 5, 4],
    ],
    [
      'Add',
      [
        [4, 1],
        [2, 1, 3],
      ],
      {},
      [2, 4, 3],
    ],
    ['ReduceSum', [[2, 3, 4]], { axes: [0, 2] }, [1, 3, 1]],
    ['ReduceMean', [[2, 3, 4]], { axes: [0, 2], keepdims: 0 }, [3]],
    ['Transpose', [[2, 3, 4]], { perm: [2, 0, 1] }, [4, 2, 3]],
    ['Slice', [[2, 9]], { axis: 1, start: 3, end: 6 }, [2, 3]],
    [
      'Concat',
      [
        [2, 3],
        [2, 4],
        [2, 1],
      ],
      { axis: 1 },
      [2, 8],
    ],
  ];
  test.for(cases)('%s of %j with %j', ([op, inputs, attributes, output]) => {
    const { outputs } = inferTypes(
      op,
      inputs.map((shape) => float32(...shape)),
      attributes,
    );
    expect(outputs).toEqual([float32(...output)]);
  });

  test('targets and indices are int32', () => {
    const types = (op: string, inputs: Parameters<typeof inferTypes>[1]) =>
      inferTypes(op, inputs).outputs;
    expect(types('SoftmaxCrossEntropy', [float32(2, 4, 7), int32(2, 4)])).toEqual([float32(2, 4)]);
    expect(types('Gather', [float32(9, 5), int32(2, 3)])).toEqual([float32(2, 3, 5)]);
    expect(types('ArgMax', [float32(2, 3)])).toEqual([int32(2)]);
  });

  test('an optimizer gives the parameter and its state', () => {
    const w = float32(2, 3);
    expect(inferTypes('Sgd', [w, w, undefined, float32(2)]).outputs).toEqual([w]);
    expect(inferTypes('Sgd', [w, w, w, float32(2)], { momentum: 0.9 }).outputs).toEqual([w, w]);
    expect(inferTypes('Adam', [w, w, w, w, float32(4)]).outputs).toEqual([w, w, w]);
  });
});

describe('malformed use is refused', () => {
  test.for([
    ['Gemm', [float32(3, 4), float32(3, 4)], {}, 'inner sizes to be equal'],
    ['Gemm', [float32(3, 4), float32(4, 2), float32(3)], {}, 'broadcast to [3, 2]'],
    ['Gemm', [float32(3, 4)], {}, 'Gemm of 1 inputs: expected 2 to 3'],
    ['Add', [float32(3), float32(2)], {}, 'Add of (float32 [3]; float32 [2])'],
    ['Add', [float32(3), undefined], {}, 'input 1 to be float32'],
    ['Relu', [int32(3)], {}, 'input 0 to be float32'],
    ['Relu', [float32(3)], { alpha: 1 }, 'Relu has no attribute alpha; it takes: none'],
    ['MaxPool', [float32(1, 1, 4, 4)], {}, 'attribute kernel is undefined, expected 2 integers'],
    ['MaxPool', [float32(1, 1, 4, 4)], { kernel: [2, 2], pads: [2, 2, 2, 2] }, 'a kernel within'],
    ['Conv', [float32(1, 3, 4, 4), float32(2, 2, 3, 3)], {}, 'a weight [o, c/group, kh, kw]'],
    ['Dropout', [float32(2, 2), int32(2)], { ratio: 1, seed: 0, layer: 0 }, 'below 1'],
    ['Reshape', [float32(2, 3)], { shape: [5] }, 'as many elements as [5]'],
    ['ReduceSum', [float32(2, 3)], { axes: [2] }, 'distinct axes below its rank'],
    ['Sgd', [float32(2), float32(2), float32(2), float32(2)], {}, 'V to be given exactly when'],
    ['Maximum', [float32(2)], {}, 'there is no operator Maximum'],
    ['toString', [float32(2)], {}, 'there is no operator toString'],
  ] as const)('%s of %j with %j', ([op, inputs, attributes, message]) => {
    expect(() => inferTypes(op, inputs, attributes)).toThrow(message);
  });
});

test('attributes carry their defaults', () => {
  expect(inferTypes('Gemm', [float32(1, 2), float32(2, 3)]).attributes).toEqual({
    transA: 0,
    transB: 0,
    alpha: 1,
    beta: 1,
  });
});

test('a node may take the place of an input of the same type that it reads once', () => {
  const types = { a: float32(2, 3), b: float32(3), y: float32(2, 3) };
  const add = (inputs: string[]) => ({ op: 'Add', inputs, outputs: ['y'], attributes: {} });
  expect(inPlaceInputs(add(['a', 'b']), 0, types)).toEqual(['a']);
  expect(inPlaceInputs(add(['a', 'a']), 0, types)).toEqual([]);
});

test('in-place rules name inputs and outputs that the operator has', () => {
  for (const name of operatorNames) {
    const { arity, inPlace } = operatorOf(name);
    expect(inPlace.flat().every((index) => index < arity[1])).toBe(true);
  }
});
