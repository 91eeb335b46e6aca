// A helper thread of parallel.ts: waits for a product, computes its share, and says so. It ends with
// the thread that started it.

import { parentPort, workerData } from 'node:worker_threads';
import { openBlas } from './blas.ts';
import { instantiate, withWasmProduct } from './kernels.ts';
import { workspaceOf } from './memory.ts';
import type { HelperSettings } from './parallel.ts';
import { controlOf, jobWord, pendingWord, shareOf } from './parallel.ts';

const { memory, module, index, threads, kind } = workerData as HelperSettings;
const gemm =
  kind === 'blas'
    ? (await openBlas()).gemm(memory)
    : withWasmProduct(instantiate(module, memory), workspaceOf(index)).gemm;
const { words, operands } = controlOf(memory);

let seen = Atomics.load(words, jobWord);
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
parentPort?.postMessage('ready');
for (;;) {
  Atomics.wait(words, jobWord, seen);
  const job = Atomics.load(words, jobWord);
  if (job === seen) continue;
  seen = job;
  const share = shareOf(operands, index, threads, kind);
  if (share) gemm(...share);
  Atomics.sub(words, pendingWord, 1);
  Atomics.notify(words, pendingWord);
}
