// What a machine can honestly carry: devices that together have no more than it has. Beyond that they
// would wait for each other where real ones do not.

import { RingError } from '../errors.ts';
import { deviceCores } from './device.ts';
import type { Device } from './device.ts';

export interface Host {
  readonly cores: number;
  /** Of these, what other labs have. */
  readonly takenCores: number;
  /** Free now. */
  readonly memoryBytes: number;
}

/** `scale` is the one that the devices have been scaled by. Errors: LAB, with the sum. */
export function requireCapacity(devices: readonly Device[], scale: number, host: Host): void {
  const cores = deviceCores.length * sum(devices, 'coreShare');
  const widest = Math.max(...devices.map((device) => device.coreShare));
  const free = host.cores - host.takenCores;
  const fitting = scale * Math.min(free / cores, 1 / widest);
  if (fitting < scale)
    throw new RingError(
      'LAB',
      `the devices, of ${deviceCores.length} cores each, need ${addition(devices, 'coreShare', (value) => value.toFixed(2), deviceCores.length)} cores, of which none may need more than 1, and this machine has ${host.cores}${host.takenCores > 0 ? `, ${host.takenCores.toFixed(2)} of them taken by another lab` : ''}: give fewer or slower devices, or --scale ${downTo2(fitting)} for all of it in slow motion`,
    );
  if (sum(devices, 'memoryBytes') > host.memoryBytes)
    throw new RingError(
      'LAB',
      `the devices hold ${addition(devices, 'memoryBytes', gigabytes)} GB, and this machine has ${gigabytes(host.memoryBytes)} GB free: give fewer devices, or less memory to each, as in ${devices[0]?.board}@512mb`,
    );
}

type Quantity = 'coreShare' | 'memoryBytes';

const sum = (devices: readonly Device[], what: Quantity): number =>
  devices.reduce((total, device) => total + device[what], 0);

const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(2);

const downTo2 = (scale: number): string =>
  scale >= 0.01 ? (Math.floor(100 * scale) / 100).toFixed(2) : scale.toExponential(1);

/** `2.61 (4 x 0.60 + 0.21)` */
function addition(
  devices: readonly Device[],
  what: Quantity,
  format: (value: number) => string,
  times = 1,
): string {
  const counts = new Map<number, number>();
  for (const device of devices) counts.set(device[what], (counts.get(device[what]) ?? 0) + times);
  const terms = [...counts].map(([value, count]) =>
    count === 1 ? format(value) : `${count} x ${format(value)}`,
  );
  return `${format(times * sum(devices, what))} (${terms.join(' + ')})`;
}
