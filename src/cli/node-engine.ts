// The engine of a node of this process, which in a lab computes on a core of its own.

import { writeFileSync } from 'node:fs';

import { createEngine } from '../engine/client.ts';
import { measureSpeed } from '../engine/speed.ts';
import type { Engine } from '../ports.ts';
import type { EngineOptions } from './engine-options.ts';
import { laboratory } from './places.ts';

/** Errors: ENGINE. */
export async function createNodeEngine(options: EngineOptions): Promise<Engine> {
  const engine = await createEngine({
    ...options,
    ...(laboratory && { pace: laboratory.own.coreShare }),
  });
  if (laboratory && engine.threadId !== undefined)
    writeFileSync(laboratory.own.engineFile, String(engine.threadId));
  return engine;
}

/**
 * How fast it is, in floating-point operations a second. A lab's device knows that of itself; to measure
 * would take long there, and tell little.
 */
export const speedOf = async (engine: Engine): Promise<number> =>
  laboratory?.own.coreFlops ?? measureSpeed(engine);
