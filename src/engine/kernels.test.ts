import { describe, expect, it } from 'vitest';
import { interpretInFloat64 } from '../../test/reference/interpreter.ts';
import type { OperatorName } from '../graph/operators.ts';
import { evaluate } from './engine.compliance.ts';
import { createInlineEngine } from './inline.ts';
import { loadKernelModule } from './kernel-file.ts';
import { instantiate, reservedBytes } from './kernels.ts';
import { controlOffset, createMemory, workspaceBytes } from './memory.ts';
import { graphOf } from './operators.compliance.ts';

const engine = await createInlineEngine();

/** `op` on `inputs`, by the engine and by the reference in float64. */
async function both(op: OperatorName, inputs: readonly number[]) {
  const shape = [inputs.length];
  const operand = { shape, type: 'float32', values: (i: number) => inputs[i] ?? 0 } as const;
  const { graph, data } = graphOf({ op, inputs: [operand], attributes: {} });
  const [output = ''] = graph.outputs;
  const actual = (await evaluate(engine, graph, data))[output] ?? [];
  const expected = interpretInFloat64(graph, data)[output] ?? [];
  return { actual, expected };
}

/** Numbers of every size from -limit to limit, dense near 0. */
const spread = (limit: number): number[] =>
  Array.from({ length: 4001 }, (_, i) => {
    const t = (i - 2000) / 2000;
    return Math.sign(t) * limit * Math.abs(t) ** 3;
  });

describe('transcendental kernels', () => {
  const cases: [OperatorName, readonly number[], number][] = [
    ['Exp', spread(87), 3e-7],
    ['Log', spread(1e4).map((x) => Math.abs(x) + 1e-30), 3e-7],
    ['Tanh', spread(12), 3e-7],
    ['Sigmoid', spread(80), 4e-7],
    ['Softplus', spread(60), 4e-7],
    ['Silu', spread(60), 4e-7],
    ['Elu', spread(20), 4e-7],
    ['Gelu', spread(4), 2e-6],
  ];
  it.each(cases)('%s keeps its relative error small', async (op, inputs, bound) => {
    const { actual, expected } = await both(op, inputs);
    const errors = Array.from(
      expected,
      (value, i) =>
        // Near the end of float32's range only absolute errors mean something.
        Math.abs((actual[i] ?? NaN) - value) / Math.max(Math.abs(value), 1e-30),
    );
    expect(Math.max(...errors)).toBeLessThan(bound);
  });

  it('are right at the ends of the range', async () => {
    const { actual: exp } = await both('Exp', [0, -Infinity, Infinity, NaN, 89, -104, 1]);
    expect([...exp].slice(0, 6)).toEqual([1, 0, Infinity, NaN, Infinity, 0]);
    const { actual: log } = await both('Log', [1, 0, Infinity, NaN, -1]);
    expect([...log]).toEqual([0, -Infinity, Infinity, NaN, NaN]);
    const { actual: tanh } = await both('Tanh', [0, -Infinity, Infinity, NaN, 100]);
    expect([...tanh]).toEqual([0, -1, 1, NaN, 1]);
    const { actual: sigmoid } = await both('Sigmoid', [0, -Infinity, Infinity, NaN]);
    expect([...sigmoid]).toEqual([0.5, 0, 1, NaN]);
    const { actual: gelu } = await both('Gelu', [0, 50, -50, NaN]);
    expect([...gelu].map(Math.abs)).toEqual([0, 50, 0, NaN]);
    const { actual: relu } = await both('Relu', [-1, NaN, Infinity, 2]);
    expect([...relu]).toEqual([0, NaN, Infinity, 2]);
  });
});

describe('the kernels', () => {
  it('fit into the memory laid out for them', async () => {
    const { memory } = createMemory(1, false);
    const { gemmWorkspaceBytes } = instantiate(await loadKernelModule(false), memory);
    expect(gemmWorkspaceBytes()).toBeLessThanOrEqual(workspaceBytes);
    expect(controlOffset).toBeLessThan(reservedBytes);
  });

  it('show a NaN or an infinity in the sum of squares', async () => {
    const { actual: nan } = await both('ReduceSumSquare', [1, NaN, 2, 3, 4]);
    expect(nan[0]).toBeNaN();
    const { actual: infinite } = await both('ReduceSumSquare', [1, 2, 3, 4, -Infinity]);
    expect(infinite[0]).toBe(Infinity);
  });
});
