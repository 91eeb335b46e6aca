// What the kernel has counted of a device while it ran.

import type { DeviceCore } from './device.ts';

export interface CoreFigures {
  /** Periods in which something wanted to run on it, and those in which its share was used up. */
  readonly periods: number;
  readonly throttledPeriods: number;
}

/** Of one device, since it was made. */
export interface DeviceFigures {
  readonly name: string;
  readonly cores: Readonly<Record<DeviceCore, CoreFigures>>;
  readonly peakMemoryBytes: number;
  /** Processes that were ended since its memory was full. */
  readonly outOfMemory: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** Where both versions of control groups have the same figure. */
export const figureFiles = {
  1: { peak: 'memory.max_usage_in_bytes', events: 'memory.oom_control' },
  2: { peak: 'memory.peak', events: 'memory.events' },
} as const;

/** `nr_periods 12`, one a line: the value of a key, 0 where there is none. */
export function countIn(text: string, key: string): number {
  const line = text.split('\n').find((each) => each.startsWith(`${key} `));
  return Number(line?.slice(key.length) ?? 0);
}

/** From `ip -json -statistics link show`. */
export function trafficIn(text: string): Pick<DeviceFigures, 'sentBytes' | 'receivedBytes'> {
  const [link] = JSON.parse(text) as readonly {
    readonly stats64?: {
      readonly rx: { readonly bytes: number };
      readonly tx: { readonly bytes: number };
    };
  }[];
  return { sentBytes: link?.stats64?.tx.bytes ?? 0, receivedBytes: link?.stats64?.rx.bytes ?? 0 };
}
