import type { Architecture } from './architectures.ts';
import type { EngineFlags, RingFlags } from './ring-flags.ts';
import type { ServerFlags } from './server-flags.ts';
import type { TrainingFlags } from './training-file.ts';
import type { Replicas } from './worker-copies.ts';

/** What `ringtmp train` may be told. */
export interface TrainFlags extends TrainingFlags, RingFlags, EngineFlags, ServerFlags {
  readonly architecture?: Architecture;
  readonly out?: string;
  readonly resume?: string;
  readonly replicas?: Replicas;
  readonly replicateEvery?: number;
  readonly json?: true;
  readonly trace?: string;
  readonly deviceProfile?: string;
}
