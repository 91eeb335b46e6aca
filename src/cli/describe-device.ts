// What a device says of itself when it joins a training, or leads one: who shares out the layers goes by it.

import { availableParallelism, totalmem } from 'node:os';

import type { EngineDescription } from '../ports.ts';
import type { MessageOf } from '../protocol/messages.ts';
import { ownName } from './places.ts';
import { version } from './version.ts';

/** `flops`: in matrix products, a second. */
export const describeDevice = (
  engine: EngineDescription,
  flops: number,
): Omit<MessageOf<'join'>, 'type' | 'address'> => ({
  name: ownName(),
  cores: availableParallelism(),
  // A control group, a container's for instance, may allow less.
  memoryBytes: Math.min(totalmem(), process.constrainedMemory() || Infinity),
  engine,
  flops,
  version,
});
