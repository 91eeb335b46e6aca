import { describe, expect, test } from 'vitest';
import { interpretInFloat64 } from '../../test/reference/interpreter.ts';
import { GraphBuilder } from './builder.ts';
import { differentiate } from './differentiate.ts';
import type { Graph } from './graph.ts';

const float32 = (...shape: number[]) => ({ type: 'float32', shape }) as const;

/** dense 3-4, tanh, plus a learnt shift of the whole, dense 4-2 */
function network(rows: number): Graph {
  const builder = new GraphBuilder();
  let x = builder.input('x', float32(rows, 3));
  builder.input('0.weight', float32(4, 3));
  builder.input('0.bias', float32(4));
  builder.input('1.shift', float32(1, 4));
  builder.input('2.weight', float32(2, 4));
  builder.scope('0.');
  x = builder.apply('Gemm', [x, '0.weight', '0.bias'], { transB: 1 });
  x = builder.apply('Tanh', [x]);
  builder.scope('1.');
  x = builder.apply('Add', [x, builder.apply('Exp', ['1.shift'])]);
  builder.scope('2.');
  x = builder.apply('Gemm', [x, '2.weight'], { transB: 1 });
  builder.name(x, 'y');
  return builder.finish(['y']);
}

const parameters = ['0.weight', '0.bias', '1.shift', '2.weight'];
const request = { seeds: { y: 'dy' }, inputs: ['x'], parameters };

const fill = (count: number, seed: number) =>
  Float64Array.from({ length: count }, (_, i) => (((i + 1) * (seed + 0.618)) % 1) - 0.5);

const given: Record<string, Float64Array> = {
  x: fill(6, 1),
  '0.weight': fill(12, 2),
  '0.bias': fill(4, 3),
  '1.shift': fill(4, 4),
  '2.weight': fill(8, 5),
};

const valueOf = (values: Record<string, ArrayLike<number>>, name: string) => values[name] ?? [];

const exposed = (graph: Graph): Graph => ({ ...graph, outputs: Object.keys(graph.types) });

describe('differentiate', () => {
  const forward = network(2);
  const backward = differentiate(forward, request);
  const weights = backward.weightGradient(parameters);
  const known = { ...interpretInFloat64(exposed(forward), given), dy: fill(4, 6) };

  test('splits what depends on the batch from what belongs to parameters', () => {
    expect(backward.inputGradient.outputs).toEqual(['d/x', 'd/1.1', 'd/0.0']);
    expect(backward.inputGradient.inputs.toSorted()).toEqual(['0.1', '0.weight', '2.weight', 'dy']);
    expect(weights.outputs).toEqual(parameters.map((name) => `d/${name}`));
    expect(weights.inputs.toSorted()).toEqual(['1.1', '1.shift', 'd/0.0', 'd/1.1', 'dy', 'x']);
  });

  test('gives the same in two parts as in one', () => {
    const inputPart = interpretInFloat64(backward.inputGradient, known);
    const inTwo = { ...inputPart, ...interpretInFloat64(weights, { ...known, ...inputPart }) };
    const inOne = interpretInFloat64(backward.whole, known);
    expect(backward.whole.outputs).toEqual(['d/x', ...weights.outputs]);
    for (const name of backward.whole.outputs) expect(inTwo[name]).toEqual(inOne[name]);
  });

  test('gives weight gradients of some parameters with only the inputs these need', () => {
    const graph = backward.weightGradient(['2.weight']);
    expect(graph.outputs).toEqual(['d/2.weight']);
    expect(graph.inputs.toSorted()).toEqual(['1.1', 'dy']);
    expect(graph.nodes).toHaveLength(1);
  });

  test.for([1, 2, 5])('the weight part for %i times the rows reads the same values', (times) => {
    const grouped = differentiate(network(2 * times), request).weightGradient(parameters);
    expect(grouped.inputs).toEqual(weights.inputs);
    expect(grouped.outputs).toEqual(weights.outputs);
  });

  test('a group of microbatches gives the sum of their weight gradients, parameters read as they are', () => {
    const other = { ...given, x: fill(6, 7) };
    const both = [given, other].map((values) => {
      const known = Object.assign(interpretInFloat64(exposed(forward), values), { dy: fill(4, 6) });
      return Object.assign(known, interpretInFloat64(backward.inputGradient, known));
    });
    const grouped = differentiate(network(4), request).weightGradient(parameters);
    const ofBatch = new Set(['x', '1.1', 'd/1.1', 'd/0.0', 'dy']);
    const joined = Object.fromEntries(
      grouped.inputs.map((name) => [
        name,
        ofBatch.has(name)
          ? both.flatMap((values) => Array.from(valueOf(values, name)))
          : valueOf(both[0] ?? {}, name),
      ]),
    );
    const sum = interpretInFloat64(grouped, joined);
    const parts = both.map((values) => interpretInFloat64(weights, values));
    for (const name of grouped.outputs) {
      sum[name]?.forEach((value, index) => {
        const expected = parts.reduce((total, part) => total + (part[name]?.[index] ?? NaN), 0);
        expect(value).toBeCloseTo(expected, 12);
      });
    }
  });

  test('adds up what several uses of a value contribute', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', float32(2));
    const y = builder.apply('Add', [builder.apply('Mul', [x, x]), x]);
    const { whole } = differentiate(builder.finish([y]), {
      seeds: { [y]: 'dy' },
      inputs: [x],
      parameters: [],
    });
    const result = interpretInFloat64(whole, { x: [3, -1], dy: [1, 10] });
    expect(Array.from(result['d/x'] ?? [])).toEqual([7, -10]);
  });

  test('names a gradient that is passed through after its value', () => {
    const builder = new GraphBuilder();
    builder.input('x', float32(2));
    builder.input('b', float32(2));
    const y = builder.apply('Add', ['x', 'b']);
    const backward = differentiate(builder.finish([y]), {
      seeds: { [y]: 'dy' },
      inputs: ['x'],
      parameters: ['b'],
    });
    expect(backward.whole.inputs).toEqual(['dy']);
    expect(backward.whole.outputs).toEqual(['d/x', 'd/b']);
  });

  test('a value may be used and leave the graph, its seed named like its gradient', () => {
    const builder = new GraphBuilder();
    builder.input('x', float32(2));
    builder.input('b', float32(2));
    const sum = builder.name(builder.apply('Add', ['x', 'b']), 'sum');
    const y = builder.apply('Mul', [sum, sum]);
    const seeds = { sum: 'd/sum', [y]: 'dy' };
    const forward = builder.finish([sum, y]);
    const { whole } = differentiate(forward, { seeds, inputs: ['x'], parameters: ['b'] });
    const result = interpretInFloat64(whole, { sum: [3, -1], 'd/sum': [0.5, 2], dy: [1, 10] });
    expect(Array.from(result['d/b'] ?? [])).toEqual([6.5, -18]);
    expect(result['d/x']).toEqual(result['d/b']);
  });

  test('says so when something wanted has no influence', () => {
    const builder = new GraphBuilder();
    builder.input('x', float32(2));
    builder.input('b', float32(2));
    const y = builder.apply('Neg', ['x']);
    const request = { seeds: { [y]: 'dy' }, inputs: [], parameters: ['b'] };
    expect(() => differentiate(builder.finish([y]), request)).toThrow('b has no influence');
  });
});
