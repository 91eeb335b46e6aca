// The boards that a lab can emulate here: how fast each is beside a core of this machine, which is measured.

import { createEngine } from '../engine/client.ts';
import { measureSpeed } from '../engine/speed.ts';
import { RingError } from '../errors.ts';
import type { Board } from '../lab/index.ts';
import { deviceProfile } from '../power/index.ts';

/** Of about 50 ms each. */
const trials = 10;

/**
 * A board by its name, `pi-3b-plus` being `pi-3b+`. The built-in kernels are measured: their distance
 * from a small board is nearest to that of all else that a node does, and every board can run them.
 * Errors of what is returned: USAGE.
 */
export async function boardsHere(): Promise<(name: string) => Board> {
  const engine = await createEngine({ kind: 'wasm', threads: 1 });
  let flops = 0;
  // The best, since whatever else runs here only ever makes it look slower.
  for (let trial = 0; trial < trials; trial += 1)
    flops = Math.max(flops, await measureSpeed(engine));
  await engine.close();
  return (given) => {
    const { name, coreSpeed, memoryBytes, radio } = deviceProfile(given.replace(/-plus$/, '+'));
    if (!coreSpeed)
      throw new RingError('USAGE', `a ${name} is too old for this program: take a newer board`);
    const link = radio.name === 'Wi-Fi' ? 'wifi' : 'wired';
    return {
      name,
      coreFlops: coreSpeed.flops,
      coreShare: coreSpeed.flops / flops,
      memoryBytes,
      link,
    };
  };
}
