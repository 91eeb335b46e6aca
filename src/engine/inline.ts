// An engine on the caller's own thread: the same core and kernels without a thread, for tests, the
// simulator, and as the smallest example of a host.

import type { Engine } from '../ports.ts';
import { Core } from './core.ts';
import { loadKernelModule } from './kernel-file.ts';
import type { Kernels } from './kernels.ts';
import { instantiate, withWasmProduct } from './kernels.ts';
import type { Host } from './memory-engine.ts';
import { MemoryEngine } from './memory-engine.ts';
import { createMemory, workspaceOf } from './memory.ts';

function inlineHost(memory: WebAssembly.Memory, kernels: Kernels): Host {
  const core = new Core(memory, kernels, () => performance.now());
  return {
    idle: true,
    load: (id, program) => core.load(id, program),
    unload: (id) => core.unload(id),
    run: async (runs) => core.run(runs),
    write: async (offset, bytes) => core.write(offset, bytes),
    read: async (offset, length) => core.read(offset, length),
    close: async () => undefined,
  };
}

/**
 * A wasm engine that computes on the calling thread. `shared: false` gives it the kind of memory that
 * a page without a secure context has (there `view` is undefined).
 */
export async function createInlineEngine({ shared = true } = {}): Promise<Engine> {
  const module = await loadKernelModule(shared);
  const { memory, allocator } = createMemory(1, shared);
  const kernels = withWasmProduct(instantiate(module, memory), workspaceOf(0));
  const description = { kind: 'wasm', name: 'wasm (SIMD)', threads: 1 } as const;
  return new MemoryEngine(description, memory, allocator, inlineHost(memory, kernels));
}
