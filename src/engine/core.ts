// The part of an engine that computes: programs bound to kernels over one memory. It knows no thread
// and no Node, so that a worker thread, a Web Worker or the caller's own thread can host it.

import { RingError } from '../errors.ts';
import type { Kernels } from './kernels.ts';
import type { KernelProgram } from './program.ts';
import { bind } from './program.ts';

/** One run of a loaded program: its number, and the addresses of arena, inputs and outputs. */
export interface ProgramRun {
  readonly program: number;
  readonly bases: readonly number[];
}

export class Core {
  readonly #memory: WebAssembly.Memory;
  readonly #kernels: Kernels;
  readonly #now: () => number;
  readonly #programs = new Map<number, (bases: readonly number[]) => void>();

  /** `now` reads a clock in milliseconds. */
  constructor(memory: WebAssembly.Memory, kernels: Kernels, now: () => number) {
    this.#memory = memory;
    this.#kernels = kernels;
    this.#now = now;
  }

  load(id: number, program: KernelProgram): void {
    this.#programs.set(id, bind(program, this.#kernels));
  }

  unload(id: number): void {
    this.#programs.delete(id);
  }

  /** Runs one after the other; returns the milliseconds it took. Errors: ENGINE. */
  run(runs: readonly ProgramRun[]): number {
    const start = this.#now();
    for (const { program, bases } of runs) {
      const bound = this.#programs.get(program);
      if (!bound) throw new RingError('ENGINE', `program ${program} was released before this run`);
      try {
        bound(bases);
      } catch (error) {
        throw new RingError('ENGINE', `a kernel failed: ${String(error)}`, { cause: error });
      }
    }
    return this.#now() - start;
  }

  write(offset: number, bytes: Uint8Array): void {
    new Uint8Array(this.#memory.buffer, offset, bytes.length).set(bytes);
  }

  /** A copy. */
  read(offset: number, length: number): Uint8Array<ArrayBuffer> {
    const copy = new Uint8Array(length);
    copy.set(new Uint8Array(this.#memory.buffer, offset, length));
    return copy;
  }
}
