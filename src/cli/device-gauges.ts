// What a recorder reads of this device: its clock, the engine, and what the process has used as the
// operating system tells it. What the system does not tell is absent, never 0.

import { readFileSync } from 'node:fs';

import type { Engine } from '../ports.ts';
import type { DeviceGauges } from '../runtime/recorder.ts';
import { throttledSeconds } from './cpu-quota.ts';

export function gaugesOf(engine: Engine): DeviceGauges {
  const throttledBefore = throttledSeconds('/', engine.threadId);
  return {
    now: () => performance.now() / 1000,
    busySeconds: () => engine.busySeconds,
    tensorBytes: () => engine.allocatedBytes,
    usage() {
      const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
      const engineCpuSeconds = cpuSecondsOf(engine.threadId);
      const throttled = throttledSeconds('/', engine.threadId);
      return {
        peakMemoryBytes: maxRSS * 1024,
        cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
        ...(engineCpuSeconds !== undefined && {
          engineCpuSeconds,
          engineBusySeconds: engine.busySeconds,
        }),
        ...(throttled !== undefined && {
          throttledSeconds: Math.max(0, throttled - (throttledBefore ?? 0)),
        }),
      };
    },
  };
}

/** Linux: nanoseconds on a processor, the first number of the thread's schedstat. */
function cpuSecondsOf(threadId: number | undefined): number | undefined {
  if (threadId === undefined) return undefined;
  try {
    const [nanoseconds] = readFileSync(`/proc/self/task/${threadId}/schedstat`, 'utf8').split(' ');
    return Number(nanoseconds) / 1e9;
  } catch {
    return undefined;
  }
}
