import type { createEngine } from '../engine/client.ts';

/** Which engine computes, and with how many threads. */
export type EngineOptions = NonNullable<Parameters<typeof createEngine>[0]>;
