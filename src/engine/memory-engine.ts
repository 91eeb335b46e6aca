// The Engine port over any host of a Core: the caller's side. It keeps the books of the memory, lowers
// graphs and numbers programs; the host only loads, runs and copies, in order. All programs share one
// arena for their temporaries, since no two run at once.

import { RingError } from '../errors.ts';
import type { Graph, TensorType } from '../graph/graph.ts';
import { byteLength } from '../graph/graph.ts';
import type { Call, Engine, EngineDescription, Program, RunReport, Tensor } from '../ports.ts';
import type { Allocator } from './allocator.ts';
import type { ProgramRun } from './core.ts';
import { lower } from './lower.ts';
import type { KernelProgram } from './program.ts';

/** Where the kernels run. Requests are carried out in the order in which they are made. */
export interface Host {
  /** Nothing asked for is still to be done. */
  readonly idle: boolean;
  load(id: number, program: KernelProgram): void;
  unload(id: number): void;
  /** Milliseconds in kernels. */
  run(runs: readonly ProgramRun[]): Promise<number>;
  write(offset: number, bytes: Uint8Array): Promise<void>;
  read(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

export class MemoryEngine implements Engine {
  readonly description: EngineDescription;
  readonly threadId: number | undefined;
  readonly #memory: WebAssembly.Memory;
  readonly #allocator: Allocator;
  readonly #host: Host;
  #programs = 0;
  #busySeconds = 0;
  #arena: { at: number; bytes: number } | undefined;
  /** The runs under way; an arena outgrown by a new program stays until they are done. */
  #lastRun: Promise<unknown> = Promise.resolve();

  constructor(
    description: EngineDescription,
    memory: WebAssembly.Memory,
    allocator: Allocator,
    host: Host,
    threadId?: number,
  ) {
    this.description = description;
    this.threadId = threadId;
    this.#memory = memory;
    this.#allocator = allocator;
    this.#host = host;
  }

  get busySeconds(): number {
    return this.#busySeconds;
  }

  get allocatedBytes(): number {
    return this.#allocator.allocatedBytes;
  }

  allocate(type: TensorType): Tensor {
    return { offset: this.#allocator.allocate(byteLength(type)), type };
  }

  free(tensor: Tensor): void {
    this.#allocator.free(tensor.offset);
  }

  view(tensor: Tensor): Uint8Array | undefined {
    const { buffer } = this.#memory;
    // A view of unshared memory would be cut off when the memory grows.
    if (buffer instanceof ArrayBuffer) return undefined;
    return new Uint8Array(buffer, tensor.offset, byteLength(tensor.type));
  }

  async write(tensor: Tensor, bytes: Uint8Array): Promise<void> {
    const expected = byteLength(tensor.type);
    if (bytes.length !== expected)
      throw new RingError('ENGINE', `${bytes.length} bytes for a tensor of ${expected}`);
    const view = this.#host.idle ? this.view(tensor) : undefined;
    if (view) view.set(bytes);
    else await this.#host.write(tensor.offset, bytes);
  }

  async read(tensor: Tensor): Promise<Uint8Array> {
    const view = this.#host.idle ? this.view(tensor) : undefined;
    return view ? view.slice() : this.#host.read(tensor.offset, byteLength(tensor.type));
  }

  async compile(graph: Graph): Promise<Program> {
    const program = lower(graph);
    this.#reserveArena(program.arenaBytes);
    const id = this.#programs++;
    this.#host.load(id, program);
    return { id, inputs: graph.inputs, outputs: graph.outputs };
  }

  release(program: Program): void {
    this.#host.unload(program.id);
  }

  async run(calls: readonly Call[]): Promise<RunReport> {
    const arena = this.#arena?.at ?? 0;
    const runs = calls.map(({ program, inputs, outputs }) => {
      if (inputs.length !== program.inputs.length || outputs.length !== program.outputs.length)
        throw new RingError(
          'ENGINE',
          `a run of ${inputs.length} inputs and ${outputs.length} outputs: ` +
            `the program takes ${program.inputs.length} and ${program.outputs.length}`,
        );
      const bases = [arena];
      for (const { offset } of inputs) bases.push(offset);
      for (const { offset } of outputs) bases.push(offset);
      return { program: program.id, bases };
    });
    const running = this.#host.run(runs);
    this.#lastRun = running;
    const milliseconds = await running;
    this.#busySeconds += milliseconds / 1000;
    return { milliseconds };
  }

  close(): Promise<void> {
    return this.#host.close();
  }

  #reserveArena(bytes: number): void {
    const old = this.#arena;
    if (bytes <= (old?.bytes ?? 0)) return;
    // The new one first: if there is no room for it, all is as it was.
    this.#arena = { at: this.#allocator.allocate(bytes), bytes };
    if (!old) return;
    const release = () => this.#allocator.free(old.at);
    // Runs already asked for go on in the old arena.
    if (this.#host.idle) release();
    else this.#lastRun.then(release, release);
  }
}
