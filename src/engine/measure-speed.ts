// How fast an engine is, in one number: what a node reports when it joins, and what stages are cut by.

import { RingError } from '../errors.ts';
import { GraphBuilder } from '../graph/builder.ts';
import type { TensorType } from '../graph/graph.ts';
import { elementCount } from '../graph/graph.ts';
import type { Engine } from '../ports.ts';

/** A product like those of a medium layer: small enough for a slow board, large enough to be typical. */
const [rows, inner, columns] = [64, 384, 384];
const enoughMilliseconds = 50;

/** FLOP/s of a medium matrix product, the best of about 50 ms of runs. Errors: ENGINE. */
export async function measureSpeed(engine: Engine): Promise<number> {
  const float32 = (...shape: number[]): TensorType => ({ type: 'float32', shape });
  const builder = new GraphBuilder();
  builder.input('a', float32(rows, inner));
  builder.input('b', float32(inner, columns));
  const graph = builder.finish([builder.apply('Gemm', ['a', 'b'])]);
  const program = await engine.compile(graph);
  const names = [...graph.inputs, ...graph.outputs];
  const tensors = names.map((name) => engine.allocate(graph.types[name] ?? float32()));
  for (const tensor of tensors) {
    const ones = new Float32Array(elementCount(tensor.type.shape)).fill(1);
    await engine.write(tensor, new Uint8Array(ones.buffer));
  }
  const call = { program, inputs: tensors.slice(0, 2), outputs: tensors.slice(2) };
  let best = Infinity;
  for (let spent = 0, runs = 0; spent < enoughMilliseconds && runs < 1000; runs++) {
    // Several in one run, so that a coarse clock does not matter.
    const { milliseconds } = await engine.run([call, call, call, call]);
    spent += milliseconds;
    if (milliseconds > 0) best = Math.min(best, milliseconds / 4);
  }
  engine.release(program);
  for (const tensor of tensors) engine.free(tensor);
  if (best === Infinity)
    throw new RingError('ENGINE', 'the engine took no time for a product: its clock stands still');
  return (2 * rows * inner * columns * 1000) / best;
}
