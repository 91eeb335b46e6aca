// The devices of a study, as data: which board, which memory, which link. How they come to be is not said.
// Pure.

import type { DeviceLink } from '../lab/device.ts';
import type { StudySetting } from './study.ts';

export interface StudyDevice {
  /** As in the lab: `pi-4b`. */
  readonly board: string;
  readonly memoryBytes: number;
  readonly link: DeviceLink;
}

/**
 * The first so many of a study's devices. Emulated ones can be had in any number; undefined where fewer have
 * joined.
 */
export function devicesFor(
  { devices, isReal }: Pick<StudySetting, 'devices' | 'isReal'>,
  count: number,
): readonly StudyDevice[] | undefined {
  if (isReal && count > devices.length) return undefined;
  return Array.from({ length: count }, (_, at) => devices[at % devices.length]!);
}

/** Every device on a cable of its own with this rate in bits a second. */
export const withRate = (
  devices: readonly StudyDevice[],
  bitsPerSecond: number,
): readonly StudyDevice[] =>
  devices.map((device) => ({
    ...device,
    link: { ...device.link, kind: 'wired' as const, bitsPerSecond },
  }));

export const withMemory = (
  devices: readonly StudyDevice[],
  memoryBytes: number,
): readonly StudyDevice[] => devices.map((device) => ({ ...device, memoryBytes }));

/** The rate of the first device's link, in bits a second: what studies that vary it show. */
export const rateOf = (devices: readonly StudyDevice[]): number => devices[0]!.link.bitsPerSecond;

/** As the lab's `--devices` reads it. */
export const formatDevices = (devices: readonly StudyDevice[]): string =>
  devices
    .map(
      ({ board, memoryBytes, link: { kind, bitsPerSecond, latencySeconds } }) =>
        `1x${board}@${kind}@${plain(bitsPerSecond / 1e3)}kbit@${plain(memoryBytes / 1e6)}mb@${plain(1e3 * latencySeconds)}ms`,
    )
    .join(',');

/** Without an exponent. */
const plain = (value: number): string => String(Number(value.toFixed(6)));

/** `20 Mbit/s` */
export const formatRate = (bitsPerSecond: number): string =>
  `${Number((bitsPerSecond / 1e6).toPrecision(3))} Mbit/s`;

/** `4 x pi-4b, 20 Mbit/s` */
export function describeDevices(devices: readonly StudyDevice[]): string {
  const kinds = new Map<string, number>();
  for (const { board, memoryBytes, link } of devices) {
    const latency =
      link.latencySeconds > 0
        ? ` and ${Number((1e3 * link.latencySeconds).toPrecision(2))} ms`
        : '';
    const medium = link.kind === 'wifi' ? 'shared Wi-Fi of ' : '';
    const kind = `${board} (${Number((memoryBytes / 1e9).toPrecision(2))} GB, ${medium}${formatRate(link.bitsPerSecond)}${latency})`;
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  return [...kinds].map(([kind, count]) => (count === 1 ? kind : `${count} x ${kind}`)).join(', ');
}
