// What the caller's side and the engine's thread say to each other. Requests are answered in order, so
// an answer needs no number; `load` and `unload` have none.

import type { EngineDescription } from '../ports.ts';
import type { ProgramRun } from './core.ts';
import type { KernelProgram } from './program.ts';

export type EngineKind = 'auto' | 'wasm' | 'blas';

/** What the thread is started with. */
export interface ThreadSettings {
  readonly memory: WebAssembly.Memory;
  readonly module: WebAssembly.Module;
  readonly kind: EngineKind;
  readonly threads: number;
  /** As if the processor had this share of its speed, 0 to 1. */
  readonly pace?: number;
  /** One word of shared memory that changes with every request, once that is in the thread's port. */
  readonly doorbell: Int32Array;
}

export type Request =
  | { readonly type: 'load'; readonly id: number; readonly program: KernelProgram }
  | { readonly type: 'unload'; readonly id: number }
  | { readonly type: 'run'; readonly runs: readonly ProgramRun[] }
  | { readonly type: 'write'; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly type: 'read'; readonly offset: number; readonly length: number };

export type Answer =
  /** The first of all. */
  | {
      readonly type: 'ready';
      readonly description: EngineDescription;
      readonly threadId: number | undefined;
    }
  | { readonly type: 'done'; readonly milliseconds?: number; readonly bytes?: Uint8Array }
  | { readonly type: 'failed'; readonly message: string };
