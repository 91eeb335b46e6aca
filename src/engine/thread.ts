// The engine's thread in Node: a worker_threads entry that hosts a Core over the shared memory it is
// given and answers requests in order. It never goes back to an event loop, which would cost more than
// a small run: it takes requests from its port as long as there are any, then sleeps on the doorbell.

import { readlinkSync } from 'node:fs';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { Blas } from './blas.ts';
import { openBlas } from './blas.ts';
import { Core } from './core.ts';
import { instantiate, withWasmProduct } from './kernels.ts';
import { workspaceOf } from './memory.ts';
import type { Answer, Request, ThreadSettings } from './messages.ts';
import { paceOf } from './pace.ts';
import { splitProduct } from './parallel.ts';

const { memory, module, kind, threads, pace, doorbell } = workerData as ThreadSettings;

const paced = pace === undefined ? undefined : paceOf(pace);

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
const answer = (message: Answer): void => parentPort?.postMessage(message);

/** BLAS where it is wanted and there. Errors: ENGINE when it is demanded and not there. */
async function chooseBlas(): Promise<Blas | undefined> {
  if (kind === 'wasm') return undefined;
  if (kind === 'blas') return openBlas();
  return openBlas().catch(() => undefined);
}

async function start(): Promise<Core> {
  const blas = await chooseBlas();
  const own = withWasmProduct(instantiate(module, memory), workspaceOf(0));
  const chosen = blas ? 'blas' : 'wasm';
  let gemm = blas?.gemm(memory) ?? own.gemm;
  if (threads > 1) gemm = await splitProduct(gemm, memory, module, threads, chosen);
  const name = blas?.name ?? 'wasm (SIMD)';
  answer({
    type: 'ready',
    description: { kind: chosen, name, threads },
    threadId: ownThreadId(),
  });
  return new Core(memory, { ...own, gemm }, () => performance.now());
}

/** The operating system's number of this thread, where it tells (Linux): `1234/task/1240`. */
function ownThreadId(): number | undefined {
  try {
    const [, , id] = readlinkSync('/proc/thread-self').split('/');
    return Number(id) || undefined;
  } catch {
    return undefined;
  }
}

function serve(core: Core, request: Request): void {
  switch (request.type) {
    case 'load':
      core.load(request.id, request.program);
      break;
    case 'unload':
      core.unload(request.id);
      break;
    case 'run':
      answer({
        type: 'done',
        milliseconds: paced ? paced(() => core.run(request.runs)) : core.run(request.runs),
      });
      break;
    case 'write':
      core.write(request.offset, request.bytes);
      answer({ type: 'done' });
      break;
    case 'read':
      answer({ type: 'done', bytes: core.read(request.offset, request.length) });
      break;
  }
}

const fail = (error: unknown): void =>
  answer({ type: 'failed', message: error instanceof Error ? error.message : String(error) });

function attempt(core: Core, request: Request): void {
  try {
    serve(core, request);
  } catch (error) {
    fail(error);
  }
}

const nextRequest = (): Request | undefined =>
  parentPort ? (receiveMessageOnPort(parentPort)?.message as Request | undefined) : undefined;

/** Serves until the thread is ended from outside. */
function serveForever(core: Core): never {
  for (;;) {
    const heard = Atomics.load(doorbell, 0);
    for (let request = nextRequest(); request; request = nextRequest()) attempt(core, request);
    // Whoever rang since has changed the word, and nobody sleeps.
    Atomics.wait(doorbell, 0, heard);
  }
}

try {
  serveForever(await start());
} catch (error) {
  fail(error);
}
