// How fast an engine is here: what a device says of itself when it joins, so that layers can be cut
// by real speed.

import { GraphBuilder } from '../graph/builder.ts';
import type { Engine } from '../ports.ts';

/** Of the square product that is timed: large enough to be bound by arithmetic, small enough for any device. */
const size = 192;
const seconds = 0.05;

/** Floating-point operations a second in matrix products: the best of the runs that fit in about 50 ms. */
export async function measureSpeed(engine: Engine): Promise<number> {
  const type = { type: 'float32', shape: [size, size] } as const;
  const builder = new GraphBuilder();
  const product = builder.apply('Gemm', [builder.input('a', type), builder.input('b', type)]);
  const program = await engine.compile(builder.finish([product]));
  const [a, b, y] = [engine.allocate(type), engine.allocate(type), engine.allocate(type)];
  await engine.write(a, new Uint8Array(new Float32Array(size * size).fill(1).buffer));
  await engine.write(b, new Uint8Array(new Float32Array(size * size).fill(1).buffer));
  const call = { program, inputs: [a, b], outputs: [y] };
  let least = Infinity;
  for (let spent = 0; spent < seconds * 1000;) {
    const { milliseconds } = await engine.run([call]);
    spent += Math.max(milliseconds, 0.01);
    least = Math.min(least, Math.max(milliseconds, 1e-3));
  }
  for (const tensor of [a, b, y]) engine.free(tensor);
  engine.release(program);
  return (2 * size ** 3) / (least / 1000);
}
