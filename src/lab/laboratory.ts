// What whoever runs in a lab knows of it: handed on in the environment, so that a command that starts
// workers can start each in a device of its own.

import type { Device, DeviceLink } from './device.ts';

/** The variable that holds a `Laboratory`, and the one that says which of its devices one is in, from 1. */
export const labVariable = 'RINGTMP_LAB';
export const deviceVariable = 'RINGTMP_LAB_DEVICE';

/** A device, and how to get into it. */
export interface Place extends Device {
  readonly address: string;
  /** Where a node in it writes the id of the thread that computes, to give it a core of its own. */
  readonly engineFile: string;
  /** Put before a command, it runs there. */
  readonly enter: readonly string[];
}

export interface Laboratory {
  /** For a person: what is emulated, and at which scale. */
  readonly description: string;
  /** 1 is the speed of the real devices. */
  readonly scale: number;
  readonly devices: readonly Place[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The lab that this process runs in, and where in it. */
export function ownLaboratory(
  environment: Environment,
): (Laboratory & { readonly own: Place }) | undefined {
  const text = environment[labVariable];
  if (text === undefined) return undefined;
  const laboratory = JSON.parse(text) as Laboratory;
  const own = laboratory.devices[Number(environment[deviceVariable]) - 1];
  return own && { ...laboratory, own };
}

/** `3 emulated devices at scale 1: 2 x pi-4b (0.11 of a core, 4.3 GB, 20 Mbit/s), …` */
export function describeDevices(devices: readonly Device[], scale: number): string {
  const kinds = new Map<string, number>();
  for (const device of devices) {
    const kind = `${device.board} (${describe(device)})`;
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  const list = [...kinds].map(([kind, count]) => (count === 1 ? kind : `${count} x ${kind}`));
  const speed =
    scale === 1 ? 'scale 1' : `scale ${scale}, ${figure(1 / scale)} times slower than real ones`;
  return `${devices.length} emulated ${devices.length === 1 ? 'device' : 'devices'} at ${speed}: ${list.join(', ')}`;
}

const figure = (value: number): string => String(Number(value.toPrecision(2)));

const describe = ({ coreShare, memoryBytes, link }: Device): string =>
  `2 cores of ${figure(coreShare)}, ${figure(memoryBytes / 1e9)} GB, ${describeLink(link)}`;

function describeLink({ kind, bitsPerSecond, latencySeconds }: DeviceLink): string {
  const rate = `${Number((bitsPerSecond / 1e6).toPrecision(3))} Mbit/s`;
  const latency = latencySeconds > 0 ? ` and ${figure(1000 * latencySeconds)} ms` : '';
  return `${kind === 'wifi' ? 'Wi-Fi shared at ' : ''}${rate}${latency}`;
}
