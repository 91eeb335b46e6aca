// So many damaged inputs for everything that takes bytes from others. Memory is watched: what one input
// makes a node allocate is bounded, whatever lengths it announces.

import { seededChance } from './chance.ts';
import { newTally, WireTargets } from './targets.ts';
import type { Tally } from './targets.ts';

/** How the inputs are shared out; the door is slow, since it works with hashes and waits for turns. */
const shares = { frame: 0.45, stream: 0.15, segments: 0.2, node: 0.18, door: 0.02 } as const;
export type TargetName = keyof typeof shares;

/** At most so much is allocated at a time, for a few inputs of at most some kilobytes. */
const boundedBytes = 16 << 20;
const sampleEvery = 50;
const inARow = 12;

const allocated = (): number => {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

export async function campaign(
  seed: number,
  inputs: number,
): Promise<Readonly<Record<TargetName, Tally>>> {
  const targets = await WireTargets.of(seededChance(seed));
  const tally = async (name: TargetName): Promise<Tally> => {
    const tally = newTally();
    const count = Math.ceil(inputs * shares[name]);
    for (let round = 0; tally.inputs < count; round += 1) {
      const before = round % sampleEvery === 0 ? allocated() : undefined;
      const at = tally.inputs;
      try {
        if (name === 'segments' || name === 'node') targets[name](tally, inARow);
        else await targets[name](tally);
      } catch (cause) {
        throw new Error(`seed ${seed}: ${name} failed at input ${at}`, { cause });
      }
      const more = before === undefined ? 0 : allocated() - before;
      if (more > boundedBytes)
        throw new Error(`seed ${seed}: ${name} allocated ${more} bytes at input ${at}`);
    }
    return tally;
  };
  return {
    frame: await tally('frame'),
    stream: await tally('stream'),
    segments: await tally('segments'),
    node: await tally('node'),
    door: await tally('door'),
  };
}
