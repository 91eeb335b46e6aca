// How an engine's memory is laid out: the module's own page, a workspace for each thread that
// computes products, then tensors.

import { RingError } from '../errors.ts';
import { Allocator } from './allocator.ts';
import { reservedBytes } from './kernels.ts';

const pageBytes = 65536;
const mostPages = 65536;

/** Room for what gemmWorkspaceBytes asks for; a test holds them together. */
export const workspaceBytes = 11 * pageBytes;

/** Where helper threads are told what to do, inside the module's page, which is empty there. */
export const controlOffset = reservedBytes / 2;

export const workspaceOf = (thread: number): number => reservedBytes + thread * workspaceBytes;

/**
 * A new memory for `threads` threads and the books of it. A shared memory reserves the addresses for
 * all that it may grow to; where 4 GiB are refused (32-bit systems) less is asked for.
 */
export function createMemory(
  threads: number,
  shared: boolean,
): { memory: WebAssembly.Memory; allocator: Allocator } {
  const start = workspaceOf(threads);
  for (let maximum = mostPages; maximum * pageBytes > 2 * start; maximum /= 2) {
    try {
      const memory = new WebAssembly.Memory({ initial: start / pageBytes + 1, maximum, shared });
      return { memory, allocator: new Allocator(memory, start, maximum * pageBytes) };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  throw new RingError(
    'ENGINE',
    `the system gives the engine no memory: ${start} bytes and room to grow are needed`,
  );
}
