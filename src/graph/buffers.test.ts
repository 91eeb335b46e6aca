import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { interpret } from '../../test/reference/interpreter.ts';
import type { BufferPlan, Place } from './buffers.ts';
import { planBuffers } from './buffers.ts';
import { GraphBuilder } from './builder.ts';
import type { Graph, TensorType } from './graph.ts';
import { byteLength, elementCount } from './graph.ts';
import { inPlaceInputs } from './operators.ts';

const float32 = (...shape: number[]): TensorType => ({ type: 'float32', shape });

/** Runs a plan in real memory, node by node, and fails where a node would overwrite what it reads. */
function runPlanned(graph: Graph, plan: BufferPlan, inputs: Record<string, Float32Array>) {
  const arena = new Float32Array(plan.arenaBytes / 4).fill(NaN);
  const given = graph.inputs.map((name) => Float32Array.from(inputs[name] ?? []));
  const results = graph.outputs.map((name) =>
    new Float32Array(elementCount(graph.types[name]?.shape ?? [])).fill(NaN),
  );
  const at = (name: string): Float32Array => {
    const place: Place | undefined = plan.place[name];
    const type = plan.types[name];
    if (!place || !type) throw new Error(`${name} has no place`);
    if (place.kind === 'input') return given[place.index] ?? new Float32Array();
    if (place.kind === 'output') return results[place.index] ?? new Float32Array();
    return arena.subarray(place.offset / 4, place.offset / 4 + elementCount(type.shape));
  };
  const overlap = (a: Float32Array, b: Float32Array) =>
    a.buffer === b.buffer &&
    a.byteOffset < b.byteOffset + b.byteLength &&
    b.byteOffset < a.byteOffset + a.byteLength;
  for (const node of plan.nodes) {
    const alone = { inputs: node.inputs, nodes: [node], outputs: node.outputs, types: plan.types };
    const values = Object.fromEntries(node.inputs.map((name) => [name, at(name)]));
    const computed = interpret(alone, values);
    node.outputs.forEach((output, index) => {
      const mayTake = inPlaceInputs(node, index, plan.types);
      const overwritten = node.inputs.filter((input) => overlap(at(input), at(output)));
      expect(overwritten.filter((input) => !mayTake.includes(input))).toEqual([]);
      at(output).set(computed[output] ?? []);
    });
  }
  return Object.fromEntries(graph.outputs.map((name, index) => [name, results[index]]));
}

/** A graph of `steps` nodes, each of an operator and of values chosen by numbers. */
function randomGraph(steps: readonly (readonly [number, number, number])[], outputs: number[]) {
  const builder = new GraphBuilder();
  const values = [builder.input('a', float32(4, 6)), builder.input('b', float32(6, 4))];
  for (const [kind, first, second] of steps) {
    const a = values[first % values.length] ?? 'a';
    const [rows = 1, columns = 1] = builder.type(a).shape;
    const alike = values.filter((name) => builder.type(name).shape[0] === rows);
    const b = alike[second % alike.length] ?? a;
    const made = [
      () => builder.apply('Add', [a, b]),
      () => builder.apply('Relu', [a]),
      () => builder.apply('Reshape', [a], { shape: [columns, rows] }),
      () => builder.apply('Transpose', [a], { perm: [1, 0] }),
      () => builder.apply('ReluGradient', [a, b]),
      () => builder.apply('Neg', [a]),
    ][kind % 6];
    if (made) values.push(made());
  }
  return builder.finish([...new Set(outputs.map((at) => values[at % values.length] ?? 'a'))]);
}

describe('planBuffers', () => {
  test('keeps every live value intact in any graph', () => {
    const number = fc.nat({ max: 1000 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(number, number, number), { maxLength: 14 }),
        fc.array(number, { minLength: 1, maxLength: 3 }),
        (steps, outputs) => {
          const graph = randomGraph(steps, outputs);
          const inputs = {
            a: Float32Array.from({ length: 24 }, (_, i) => i - 11.5),
            b: Float32Array.from({ length: 24 }, (_, i) => 7 - i * 0.75),
          };
          const plan = planBuffers(graph);
          expect(runPlanned(graph, plan, inputs)).toEqual(interpret(graph, inputs));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('a chain of activations needs no more memory than one of them', () => {
    const builder = new GraphBuilder();
    let x = builder.input('x', float32(100));
    for (const op of ['Exp', 'Relu', 'Tanh', 'Neg', 'Exp']) x = builder.apply(op, [x]);
    const plan = planBuffers(builder.finish([x]));
    expect(plan.arenaBytes).toBe(Math.ceil(byteLength(float32(100)) / 64) * 64);
    expect(plan.place[x]).toEqual({ kind: 'output', index: 0 });
  });

  test('a reshaped result lives in the output from the start', () => {
    const builder = new GraphBuilder();
    builder.input('x', float32(2, 3));
    const y = builder.apply('Neg', ['x']);
    const flat = builder.apply('Reshape', [y], { shape: [6] });
    const plan = planBuffers(builder.finish([flat]));
    expect(plan.place[y]).toEqual({ kind: 'output', index: 0 });
    expect(plan.arenaBytes).toBe(0);
    expect(plan.nodes.map(({ op }) => op)).toEqual(['Neg']);
  });

  test('a reshaped input is a view of it, and a copy where it is an output', () => {
    const builder = new GraphBuilder();
    builder.input('x', float32(2, 3));
    const flat = builder.apply('Reshape', ['x'], { shape: [6] });
    const y = builder.apply('Neg', [flat]);
    expect(planBuffers(builder.finish([y])).place[flat]).toEqual({ kind: 'input', index: 0 });
    const plan = planBuffers(builder.finish([flat]));
    expect(plan.nodes).toMatchObject([{ op: 'Identity', inputs: [flat] }]);
    expect(plan.place[plan.nodes[0]?.outputs[0] ?? '']).toEqual({ kind: 'output', index: 0 });
  });

  test('never computes anything but the output in its place, so that a caller may add in place', () => {
    const builder = new GraphBuilder();
    builder.input('sum', float32(4));
    builder.input('x', float32(3, 4));
    const fresh = builder.apply('ReduceSum', ['x'], { axes: [0], keepdims: 0 });
    const total = builder.apply('Add', ['sum', fresh]);
    expect(planBuffers(builder.finish([total])).place[fresh]?.kind).toBe('arena');
  });
});
