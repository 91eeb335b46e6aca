// What figures were measured on, as a report names it.

import { availableParallelism, cpus, release, totalmem, type } from 'node:os';

import type { Machine } from '../study/results.ts';

export const machineHere = (engine: string): Machine => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  memoryBytes: totalmem(),
  os: `${type()} ${release()}`,
  node: process.version,
  engine,
});
