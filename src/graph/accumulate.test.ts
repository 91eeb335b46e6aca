import { expect, test } from 'vitest';
import { interpret } from '../../test/reference/interpreter.ts';
import { accumulate } from './accumulate.ts';
import { GraphBuilder } from './builder.ts';
import type { Graph } from './graph.ts';

/** A product, a convolution, a sum, and one product that something else reads too. */
function gradients(): Graph {
  const builder = new GraphBuilder();
  builder.input('dy', { type: 'float32', shape: [2, 3] });
  builder.input('x', { type: 'float32', shape: [2, 2] });
  builder.input('image', { type: 'float32', shape: [1, 1, 3, 3] });
  builder.input('dImage', { type: 'float32', shape: [1, 1, 2, 2] });
  builder.name(builder.apply('Gemm', ['dy', 'x'], { transA: 1 }), 'weight');
  builder.name(
    builder.apply('ConvWeightGradient', ['dImage', 'image'], { kernel: [2, 2] }),
    'filter',
  );
  builder.name(builder.apply('ReduceSum', ['dy'], { axes: [0], keepdims: 0 }), 'bias');
  builder.name(builder.apply('Gemm', ['x', 'dy']), 'shared');
  builder.name(builder.apply('Neg', ['shared']), 'negative');
  return builder.finish(['weight', 'filter', 'bias', 'shared', 'negative']);
}

const given = {
  dy: Float32Array.of(1, -2, 3, 0.5, 4, -1),
  x: Float32Array.of(2, 1, -1, 3),
  image: Float32Array.from({ length: 9 }, (_, i) => i - 3),
  dImage: Float32Array.of(1, 2, -1, 0.5),
};

test('adds every gradient to its sum, by the product itself where one makes it', () => {
  const graph = gradients();
  const accumulating = accumulate(graph);
  const fresh = interpret(graph, given);
  const sums = Object.fromEntries(
    graph.outputs.map((name) => [
      `sum/${name}`,
      Float32Array.from(fresh[name] ?? [], (_, i) => 10 * i + 1),
    ]),
  );
  expect(accumulating.inputs).toEqual([...graph.inputs, ...Object.keys(sums)]);
  const result = interpret(accumulating, { ...given, ...sums });
  for (const name of graph.outputs) {
    const sum = sums[`sum/${name}`] ?? [];
    expect(result[name]).toEqual(fresh[name]?.map((value, i) => value + (sum[i] ?? NaN)));
  }
  const added = accumulating.nodes.filter(({ op }) => op === 'Add').flatMap((node) => node.outputs);
  expect(added).toEqual(['bias', 'shared', 'negative']);
});
