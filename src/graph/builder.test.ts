import { describe, expect, test } from 'vitest';
import { GraphBuilder } from './builder.ts';
import { graphCost } from './cost.ts';
import type { Graph } from './graph.ts';
import { printGraph } from './print.ts';

const float32 = (...shape: number[]) => ({ type: 'float32', shape }) as const;

function dense(rows: number): Graph {
  const builder = new GraphBuilder();
  builder.input('x', float32(rows, 3));
  builder.input('3.weight', float32(4, 3));
  builder.scope('3.');
  const product = builder.apply('Gemm', ['x', '3.weight'], { transB: 1 });
  builder.apply('Exp', [product]);
  return builder.finish([builder.name(builder.apply('Relu', [product]), 'y')]);
}

describe('GraphBuilder', () => {
  test('names values after scope and order, and drops what no output needs', () => {
    expect(printGraph(dense(2))).toBe(
      [
        'input x: float32[2, 3]',
        'input 3.weight: float32[4, 3]',
        '3.0: float32[2, 4] = Gemm(x, 3.weight) transB=1',
        'y: float32[2, 4] = Relu(3.0)',
        'output y',
      ].join('\n'),
    );
    expect(Object.keys(dense(2).types)).toEqual(['x', '3.weight', '3.0', 'y']);
  });

  test('gives the same names for any number of rows', () => {
    const names = ({ nodes }: Graph) => nodes.map(({ inputs, outputs }) => [inputs, outputs]);
    expect(names(dense(1))).toEqual(names(dense(7)));
  });

  test('goes on counting when a scope comes again', () => {
    const builder = new GraphBuilder();
    builder.input('x', float32(1));
    builder.scope('a.');
    builder.apply('Neg', ['x']);
    builder.scope('b.');
    expect(builder.apply('Neg', ['x'])).toBe('b.0');
    builder.scope('a.');
    expect(builder.apply('Neg', ['x'])).toBe('a.1');
  });

  test('understands the name that a value had before', () => {
    const builder = new GraphBuilder();
    builder.input('x', float32(1));
    const value = builder.apply('Neg', ['x']);
    builder.name(value, 'first');
    builder.name(value, 'second');
    const y = builder.apply('Exp', [value]);
    expect(builder.finish([y]).nodes.map(({ inputs }) => inputs)).toEqual([['x'], ['second']]);
    expect(builder.has('first')).toBe(true);
  });

  test('copies a graph input that is to have another name', () => {
    const builder = new GraphBuilder();
    builder.input('x', float32(1));
    const graph = builder.finish([builder.name('x', 'y')]);
    expect(graph.nodes).toMatchObject([{ op: 'Identity', inputs: ['x'], outputs: ['y'] }]);
  });

  test('keeps declared inputs, and of the values of its source only what is used', () => {
    const builder = new GraphBuilder(() => float32(2));
    builder.input('declared', float32(1));
    builder.type('looked at');
    const y = builder.apply('Neg', ['used']);
    expect(builder.finish([y]).inputs).toEqual(['declared', 'used']);
  });

  test.for([
    ['a name that is taken', (b: GraphBuilder) => b.input('x', float32(1)), "'x'"],
    ['a value that is not there', (b: GraphBuilder) => b.apply('Neg', ['z']), 'no value z'],
    ['an output twice', (b: GraphBuilder) => b.finish(['x', 'x']), 'twice'],
    [
      'one output of several',
      (b: GraphBuilder) => b.apply('Sgd', ['x', 'x', 'x', 's'], { momentum: 1 }),
      'Sgd has 2 outputs: use applyAll',
    ],
  ] as const)('refuses %s', ([, use, message]) => {
    const builder = new GraphBuilder();
    builder.input('x', float32(1));
    builder.input('s', float32(2));
    expect(() => use(builder)).toThrow(message);
  });
});

describe('graphCost', () => {
  test('counts two operations for each multiply-add, and the bytes of all operands', () => {
    const bytes = 4 * (2 * 3 + 4 * 3 + 2 * 4) + 4 * 2 * (2 * 4);
    expect(graphCost(dense(2))).toEqual({ flops: 2 * 2 * 3 * 4 + 2 * 4, bytes });
  });

  test('a convolution and both of its gradients do the same products', () => {
    const builder = new GraphBuilder();
    builder.input('x', float32(2, 4, 6, 6));
    builder.input('w', float32(8, 2, 3, 3));
    const attributes = { pads: [1, 1, 1, 1], group: 2 };
    const y = builder.apply('Conv', ['x', 'w'], attributes);
    const dx = builder.apply('ConvInputGradient', [y, 'w'], {
      ...attributes,
      inputShape: [2, 4, 6, 6],
    });
    const dw = builder.apply('ConvWeightGradient', [y, 'x'], { ...attributes, kernel: [3, 3] });
    const products = 2 * 8 * 6 * 6 * (2 * 3 * 3);
    expect(graphCost(builder.finish([y])).flops).toBe(2 * products);
    expect(graphCost(builder.finish([dx])).flops).toBe(2 * 2 * products);
    expect(graphCost(builder.finish([dw])).flops).toBe(2 * 2 * products);
  });

  test('a reshape is free', () => {
    const builder = new GraphBuilder();
    builder.input('x', float32(2, 3));
    const y = builder.apply('Reshape', ['x'], { shape: [6] });
    expect(graphCost(builder.finish([y]))).toEqual({ flops: 0, bytes: 0 });
  });
});
