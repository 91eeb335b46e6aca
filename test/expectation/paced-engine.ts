// A slow device on a fast machine: an engine that really computes, and says that a run is done no sooner
// than a device with set constants would be. Several stand on one machine without being in each other's
// way, as long as they all are slow enough.

import { demandOf, secondsOf } from '../../src/expectation/demand.ts';
import type { DeviceSpeed } from '../../src/expectation/demand.ts';
import type { Graph } from '../../src/graph/graph.ts';
import type { Call, Engine, Program, RunReport, Tensor } from '../../src/ports.ts';

const now = (): number => performance.now() / 1000;

/** Resolves at a time of `now`: timers are late by a millisecond or so, the rest is waited for by looking. */
async function until(seconds: number): Promise<void> {
  const milliseconds = 1000 * (seconds - now()) - 1.5;
  if (milliseconds >= 1) await new Promise((resolve) => setTimeout(resolve, milliseconds));
  while (now() < seconds) await new Promise(setImmediate);
}

export class PacedEngine implements Engine {
  readonly #engine: Engine;
  readonly #speed: DeviceSpeed;
  readonly #seconds = new Map<number, number>();
  #free = 0;
  /** Runs end in the order in which they were given, however late a timer is. */
  #last: Promise<unknown> = Promise.resolve();
  busySeconds = 0;

  constructor(engine: Engine, speed: DeviceSpeed) {
    this.#engine = engine;
    this.#speed = speed;
  }

  get description(): Engine['description'] {
    return this.#engine.description;
  }

  get allocatedBytes(): number {
    return this.#engine.allocatedBytes;
  }

  allocate(type: Tensor['type']): Tensor {
    return this.#engine.allocate(type);
  }

  free(tensor: Tensor): void {
    this.#engine.free(tensor);
  }

  view(tensor: Tensor): Uint8Array | undefined {
    return this.#engine.view(tensor);
  }

  write(tensor: Tensor, bytes: Uint8Array): Promise<void> {
    return this.#engine.write(tensor, bytes);
  }

  read(tensor: Tensor): Promise<Uint8Array> {
    return this.#engine.read(tensor);
  }

  async compile(graph: Graph): Promise<Program> {
    const program = await this.#engine.compile(graph);
    this.#seconds.set(program.id, secondsOf({ ...this.#speed, runs: 0 }, demandOf(graph)));
    return program;
  }

  release(program: Program): void {
    this.#engine.release(program);
  }

  async run(calls: readonly Call[]): Promise<RunReport> {
    const paced = calls.map(({ program }) => this.#seconds.get(program.id)!);
    const seconds = paced.reduce((sum, each) => sum + each, this.#speed.runs);
    const end = Math.max(now(), this.#free) + seconds;
    this.#free = end;
    const before = this.#last;
    const done = (async () => {
      await this.#engine.run(calls);
      await before;
      await until(end);
    })();
    this.#last = done.catch(() => undefined);
    await done;
    this.busySeconds += seconds;
    return { milliseconds: 1000 * seconds };
  }

  close(): Promise<void> {
    return this.#engine.close();
  }
}
