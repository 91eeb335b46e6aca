// Who forms the ring, from the flags that say it: processes started here, or devices that join.

import { availableParallelism } from 'node:os';

import { RingError } from '../errors.ts';
import type { Training } from '../model/training.ts';
import { formatNumberOf } from './format.ts';
import type { MasterSessionOptions } from './master-session.ts';
import type { EngineOptions } from './engine-options.ts';
import { laboratory } from './places.ts';

export interface RingFlags {
  readonly nodes?: number;
  readonly workers?: number;
  readonly listen?: string;
}

export interface EngineFlags {
  readonly engine?: NonNullable<EngineOptions['kind']>;
  readonly threads?: number;
}

/** Errors: USAGE when the flags contradict each other. */
export function workersOf(
  { nodes, workers, listen }: RingFlags,
  defaultNodes: number,
): MasterSessionOptions['workers'] {
  const usage = (message: string): RingError => new RingError('USAGE', message);
  if (workers === undefined) {
    if (listen !== undefined)
      throw usage('--listen is for workers that join: say with --workers N how many');
    return { kind: 'local', count: (nodes ?? defaultNodes) - 1 };
  }
  if (nodes !== undefined)
    throw usage('--nodes starts processes here, --workers waits for others: give one of them');
  if (listen === undefined)
    throw usage(
      '--workers needs --listen HOST:PORT, the address to wait on (0.0.0.0:0 takes any free port)',
    );
  return { kind: 'join', count: workers, listen };
}

/** Flags before what a file says, which may come from a device with more cores. Errors: USAGE. */
export function engineOf(
  flags: EngineFlags,
  file: Pick<Training, 'engine' | 'threads'> = {},
  cores: number = availableParallelism(),
): EngineOptions {
  const { threads = Math.min(file.threads ?? 1, cores) } = flags;
  if (threads > cores)
    throw new RingError(
      'USAGE',
      `--threads ${threads} is more than the ${formatNumberOf(cores, 'core')} of this device: give at most ${cores}`,
    );
  // A lab's devices are slowed down by what the built-in kernels do.
  const usual = laboratory ? 'wasm' : 'auto';
  return { kind: flags.engine ?? file.engine ?? usual, threads };
}
