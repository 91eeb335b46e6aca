// The caller's side of the engine's thread: a host that posts requests and settles promises as the
// answers come, in order.

import type { Worker } from 'node:worker_threads';
import { RingError } from '../errors.ts';
import type { Engine } from '../ports.ts';
import { loadKernelModule } from './kernel-file.ts';
import type { Host } from './memory-engine.ts';
import { MemoryEngine } from './memory-engine.ts';
import { createMemory } from './memory.ts';
import type { Answer, EngineKind, Request, ThreadSettings } from './messages.ts';
import { startThread } from './start-thread.ts';

type Done = Extract<Answer, { type: 'done' }>;

interface Waiting {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

class ThreadHost implements Host {
  readonly #worker: Worker;
  readonly #doorbell = new Int32Array(new SharedArrayBuffer(4));
  readonly #waiting: Waiting[] = [];
  #ended: RingError | undefined;

  constructor(settings: Omit<ThreadSettings, 'doorbell'>) {
    const doorbell = this.#doorbell;
    this.#worker = startThread('thread', { ...settings, doorbell } satisfies ThreadSettings);
    this.#worker.on('message', (answer: Answer) => this.#settle(answer));
    this.#worker.on('error', (error) =>
      this.#end(new RingError('ENGINE', `the engine's thread failed: ${error.message}`)),
    );
    this.#worker.on('exit', () =>
      this.#end(new RingError('ENGINE', "the engine's thread has ended")),
    );
  }

  get idle(): boolean {
    return this.#waiting.length === 0;
  }

  async ready(): Promise<Extract<Answer, { type: 'ready' }>> {
    const answer = await this.#next();
    if (answer.type !== 'ready') throw new RingError('ENGINE', "the engine's thread did not start");
    return answer;
  }

  load(id: number, program: Extract<Request, { type: 'load' }>['program']): void {
    this.#post({ type: 'load', id, program });
  }

  unload(id: number): void {
    // Whoever tidies up after the end need not know that it came.
    if (!this.#ended) this.#post({ type: 'unload', id });
  }

  async run(runs: Extract<Request, { type: 'run' }>['runs']): Promise<number> {
    return (await this.#ask({ type: 'run', runs })).milliseconds ?? 0;
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    await this.#ask({ type: 'write', offset, bytes });
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    return (await this.#ask({ type: 'read', offset, length })).bytes ?? new Uint8Array();
  }

  async close(): Promise<void> {
    this.#end(new RingError('ENGINE', 'the engine was closed'));
    await this.#worker.terminate();
  }

  #post(request: Request): void {
    if (this.#ended) throw this.#ended;
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    this.#worker.postMessage(request);
    Atomics.add(this.#doorbell, 0, 1);
    Atomics.notify(this.#doorbell, 0);
  }

  #next(): Promise<Answer> {
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  async #ask(request: Request): Promise<Done> {
    this.#post(request);
    return (await this.#next()) as Done;
  }

  #settle(answer: Answer): void {
    const waiting = this.#waiting.shift();
    if (answer.type === 'failed') waiting?.reject(new RingError('ENGINE', answer.message));
    else waiting?.resolve(answer);
  }

  #end(error: RingError): void {
    this.#ended ??= error;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#ended);
  }
}

/**
 * An engine on a thread of its own. `auto` takes BLAS where there is one. Errors: ENGINE, also when
 * `blas` is asked for and the system has none. `pace`: a share of this processor's speed, to stand for a slower one.
 */
export async function createEngine({
  kind = 'auto',
  threads = 1,
  pace,
}: {
  readonly kind?: EngineKind;
  readonly threads?: number;
  readonly pace?: number;
} = {}): Promise<Engine> {
  if (!Number.isInteger(threads) || threads < 1)
    throw new RingError('ENGINE', `an engine of ${threads} threads: give a whole number from 1 on`);
  const module = await loadKernelModule(true);
  const { memory, allocator } = createMemory(threads, true);
  const host = new ThreadHost({
    memory,
    module,
    kind,
    threads,
    ...(pace !== undefined && { pace }),
  });
  try {
    const { description, threadId } = await host.ready();
    return new MemoryEngine(description, memory, allocator, host, threadId);
  } catch (error) {
    await host.close();
    throw error;
  }
}
