// What any engine must do, as tests: every implementation of the port runs them.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { interpret } from '../../test/reference/interpreter.ts';
import { GraphBuilder } from '../graph/builder.ts';
import type { Graph, Shape, TensorType } from '../graph/graph.ts';
import { operatorNames } from '../graph/operators.ts';
import type { Engine, Program, Tensor } from '../ports.ts';
import { graphOf, maxPoolGraphs, operatorCases, scattered } from './operators.compliance.ts';

type Data = Float32Array | Int32Array;

const float32 = (...shape: number[]): TensorType => ({ type: 'float32', shape });
const bytesOf = (data: Data) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
const typeOf = (graph: Graph, name: string) => graph.types[name] ?? float32();

async function readAs(engine: Engine, tensor: Tensor): Promise<Data> {
  const { buffer } = await engine.read(tensor);
  return tensor.type.type === 'int32' ? new Int32Array(buffer) : new Float32Array(buffer);
}

/** A tensor that holds `data`. */
async function place(engine: Engine, data: Data, shape: Shape = [data.length]): Promise<Tensor> {
  const type = data instanceof Int32Array ? 'int32' : 'float32';
  const tensor = engine.allocate({ type, shape });
  await engine.write(tensor, bytesOf(data));
  return tensor;
}

/** Runs a graph once on fresh tensors and frees them. */
export async function evaluate(
  engine: Engine,
  graph: Graph,
  data: Readonly<Record<string, Data>>,
): Promise<Record<string, Data>> {
  const program = await engine.compile(graph);
  const inputs = await Promise.all(
    graph.inputs.map((name) =>
      place(engine, data[name] ?? new Float32Array(), typeOf(graph, name).shape),
    ),
  );
  const outputs = graph.outputs.map((name) => engine.allocate(typeOf(graph, name)));
  await engine.run([{ program, inputs, outputs }]);
  const results: Record<string, Data> = {};
  for (const [index, name] of graph.outputs.entries())
    results[name] = await readAs(engine, outputs[index] as Tensor);
  for (const tensor of [...inputs, ...outputs]) engine.free(tensor);
  engine.release(program);
  return results;
}

function expectNear(actual: Data | undefined, expected: Data | undefined, what: string): void {
  if (!actual || !expected) throw new Error(`${what}: no result`);
  expect(actual.length).toBe(expected.length);
  const size = Math.max(...Array.from(expected, Math.abs));
  const worst = Math.max(...Array.from(expected, (v, i) => Math.abs(v - (actual[i] ?? NaN))));
  // Sums of numbers near 1 that cancel keep the error of their terms.
  expect({ what, near: worst <= 4e-6 * Math.max(size, 0.05), worst }).toMatchObject({
    what,
    near: true,
  });
}

const doubling = (): Graph => {
  const builder = new GraphBuilder();
  builder.input('x', float32(4));
  return builder.finish([builder.apply('Add', ['x', 'x'])]);
};

export function describeEngine(name: string, create: () => Promise<Engine>): void {
  // oxlint-disable-next-line vitest/valid-title -- a parameter
  describe(name, () => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await create();
    });
    afterAll(() => engine.close());

    it('computes every operator as the reference does', async () => {
      const graphs = [...operatorCases.map(graphOf), ...maxPoolGraphs()];
      const covered = new Set(graphs.flatMap(({ graph }) => graph.nodes.map(({ op }) => op)));
      expect(operatorNames.filter((op) => !covered.has(op))).toEqual([]);
      for (const { graph, data } of graphs) {
        const expected = interpret(graph, data);
        const actual = await evaluate(engine, graph, data);
        const [node] = graph.nodes;
        const shapes = graph.inputs.map((input) => `[${typeOf(graph, input).shape.join()}]`);
        for (const output of graph.outputs)
          expectNear(
            actual[output],
            expected[output],
            `${node?.op} ${shapes.join(' ')} ${JSON.stringify(node?.attributes)}`,
          );
      }
    });

    it('gives the same bits wherever tensors stand and however often', async () => {
      const builder = new GraphBuilder();
      builder.input('x', float32(37, 65));
      builder.input('w', float32(65, 43));
      const graph = builder.finish([
        builder.apply('Gelu', [builder.apply('Gemm', ['x', 'w'])]),
        builder.apply('ReduceSum', ['x'], { axes: [0] }),
      ]);
      const program = await engine.compile(graph);
      const values = scattered(5);
      const results: Data[][] = [];
      for (const shift of [0, 1, 3]) {
        const roomy = [...graph.inputs, ...graph.outputs].map((value) =>
          engine.allocate(float32(typeOf(graph, value).shape.reduce((a, b) => a * b, 1) + shift)),
        );
        const tensors = roomy.map(({ offset }, index) => ({
          offset: offset + 4 * shift,
          type: typeOf(graph, [...graph.inputs, ...graph.outputs][index] ?? ''),
        }));
        const [first, second, ...outputs] = tensors as [Tensor, Tensor, ...Tensor[]];
        for (const tensor of [first, second]) {
          const length = tensor.type.shape.reduce((a, b) => a * b, 1);
          await engine.write(tensor, bytesOf(Float32Array.from({ length }, (_, i) => values(i))));
        }
        await engine.run([{ program, inputs: [first, second], outputs }]);
        results.push(await Promise.all(outputs.map((tensor) => readAs(engine, tensor))));
        for (const tensor of roomy) engine.free(tensor);
      }
      expect(results[1]).toEqual(results[0]);
      expect(results[2]).toEqual(results[0]);
      engine.release(program);
    });

    it('updates weights and sums in place', async () => {
      const builder = new GraphBuilder();
      for (const input of ['w', 'g']) builder.input(input, float32(5));
      builder.input('s', float32(2));
      const graph = builder.finish([builder.apply('Sgd', ['w', 'g', '', 's'])]);
      const program = await engine.compile(graph);
      const w = await place(engine, Float32Array.of(1, 2, 3, 4, 5));
      const g = await place(engine, Float32Array.of(1, 1, 1, 1, 2));
      const s = await place(engine, Float32Array.of(0.5, 1));
      const call = { program, inputs: [w, g, s], outputs: [w] };
      await engine.run([call, call]);
      expect(await readAs(engine, w)).toEqual(Float32Array.of(0, 1, 2, 3, 3));
      for (const tensor of [w, g, s]) engine.free(tensor);

      const sum = new GraphBuilder();
      sum.input('a', float32(2, 3));
      sum.input('b', float32(3, 2));
      sum.input('c', float32(2, 2));
      const accumulating = sum.finish([sum.apply('Gemm', ['a', 'b', 'c'])]);
      const adding = await engine.compile(accumulating);
      const ones = Float32Array.from({ length: 6 }, () => 1);
      const a = await place(engine, ones, [2, 3]);
      const b = await place(engine, ones, [3, 2]);
      const c = await place(engine, Float32Array.of(1, 2, 3, 4), [2, 2]);
      const again = { program: adding, inputs: [a, b, c], outputs: [c] };
      await engine.run([again, again]);
      expect(await readAs(engine, c)).toEqual(Float32Array.of(7, 8, 9, 10));
    });

    it('carries out writes, runs and reads in the order in which they were asked for', async () => {
      const program = await engine.compile(doubling());
      const x = await place(engine, Float32Array.of(1, 2, 3, 4));
      const call = { program, inputs: [x], outputs: [x] };
      const first = engine.run([call]);
      const early = readAs(engine, x);
      const second = engine.run([call, call]);
      const between = engine.write(x, bytesOf(Float32Array.of(5, 6, 7, 8)));
      const third = engine.run([call]);
      const late = readAs(engine, x);
      expect(await early).toEqual(Float32Array.of(2, 4, 6, 8));
      expect(await late).toEqual(Float32Array.of(10, 12, 14, 16));
      const reports = await Promise.all([first, second, third]);
      for (const { milliseconds } of reports) expect(milliseconds).toBeGreaterThanOrEqual(0);
      await between;
      engine.free(x);
    });

    // oxlint-disable-next-line vitest/expect-expect -- expectNear is one
    it('keeps runs right when a program that needs a larger arena is compiled meanwhile', async () => {
      const chain = (size: number): Graph => {
        const builder = new GraphBuilder();
        builder.input('x', float32(size));
        const sum = builder.apply('Exp', [builder.apply('Neg', ['x'])]);
        return builder.finish([builder.apply('Mul', [sum, builder.apply('Tanh', [sum])])]);
      };
      const small = chain(16);
      const data = Float32Array.from({ length: 16 }, (_, i) => i / 8);
      const program = await engine.compile(small);
      const x = await place(engine, data);
      const y = engine.allocate(float32(16));
      const running = engine.run([{ program, inputs: [x], outputs: [y] }]);
      await engine.compile(chain(300_000));
      const again = engine.run([{ program, inputs: [x], outputs: [y] }]);
      await Promise.all([running, again]);
      const [output = ''] = small.outputs;
      expectNear(await readAs(engine, y), interpret(small, { x: data })[output], 'Mul');
      for (const tensor of [x, y]) engine.free(tensor);
    });

    it('keeps the books of its memory', async () => {
      const before = engine.allocatedBytes;
      const a = engine.allocate(float32(3));
      const b = engine.allocate(float32(1000));
      expect(a.offset % 64).toBe(0);
      expect(b.offset % 64).toBe(0);
      expect(engine.allocatedBytes).toBe(before + 64 + 4032);
      await engine.write(a, bytesOf(Float32Array.of(1, 2, 3)));
      const view = engine.view(a);
      const large = engine.allocate(float32(20_000_000));
      expect(await readAs(engine, a)).toEqual(Float32Array.of(1, 2, 3));
      // Where the memory can be shared, a view outlives the memory's growth.
      const seen = view ? new Float32Array(view.slice().buffer) : Float32Array.of(1, 2, 3);
      expect(seen).toEqual(Float32Array.of(1, 2, 3));
      for (const tensor of [large, b, a]) engine.free(tensor);
      expect(engine.allocatedBytes).toBe(before);
      expect(() => engine.free(a)).toThrow(expect.objectContaining({ code: 'ENGINE' }));
      expect(() => engine.allocate(float32(2 ** 31))).toThrow(/memory is full/);
    });

    it('refuses what does not fit', async () => {
      const program = await engine.compile(doubling());
      const x = engine.allocate(float32(4));
      const refused = { code: 'ENGINE' };
      await expect(engine.run([{ program, inputs: [], outputs: [x] }])).rejects.toMatchObject(
        refused,
      );
      await expect(engine.write(x, new Uint8Array(3))).rejects.toMatchObject(refused);
      const outside = { offset: 0xffffff00, type: x.type };
      const lost: Program = { ...program, id: 12_345 };
      await expect(
        engine.run([{ program: lost, inputs: [x], outputs: [x] }]),
      ).rejects.toMatchObject(refused);
      await expect(
        engine.run([{ program, inputs: [outside], outputs: [x] }]),
      ).rejects.toMatchObject(refused);
      await engine.run([{ program, inputs: [x], outputs: [x] }]);
      engine.free(x);
    });
  });
}
