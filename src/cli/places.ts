// Where the nodes of this machine run: all here, or in a lab each in a device of its own.

import { hostname } from 'node:os';

import { RingError } from '../errors.ts';
import { ownLaboratory } from '../lab/index.ts';
import type { Laboratory } from '../lab/index.ts';
import type { LinkShape } from '../transport/shaped.ts';
import { formatNumberOf } from './format.ts';

/** The lab that this process runs in; undefined outside of one. */
export const laboratory = ownLaboratory(process.env);

export interface LocalPlaces {
  /** The host that local workers reach their master at. */
  readonly host: string;
  /** For each worker, what to put before its command. */
  readonly entrances: readonly (readonly string[])[];
  /** And the name that it joins under. */
  readonly names: readonly string[];
}

/** Which of a master's local workers this process is, from 1. */
export const workerVariable = 'RINGTMP_LOCAL_WORKER';

const nameOf = (worker: number | string): string => `${hostname()}-${worker}`;

/** What this node is called: as its device, with a number where it shares that with others. */
export function ownName(): string {
  const worker = process.env[workerVariable];
  return laboratory || worker === undefined ? hostname() : nameOf(worker);
}

/** Errors: USAGE when the lab has too few devices. */
export function placesOf(workers: number): LocalPlaces {
  if (!laboratory)
    return {
      host: '127.0.0.1',
      entrances: Array.from({ length: workers }, () => []),
      names: Array.from({ length: workers }, (_, at) => nameOf(at + 1)),
    };
  const { own, devices } = laboratory;
  const others = devices.filter(({ name }) => name !== own.name);
  if (workers > others.length)
    throw new RingError(
      'USAGE',
      `${formatNumberOf(workers + 1, 'node')} do not fit in a lab of ${formatNumberOf(devices.length, 'device')}, each in one: ask for fewer with --nodes, or give the lab more`,
    );
  const used = others.slice(0, workers);
  return {
    host: own.address,
    entrances: used.map(({ enter }) => enter),
    names: used.map(({ name }) => name),
  };
}

/** What layers are cut by: the slowest link of a lab. On Wi-Fi all hops, in both directions, cross one medium twice. */
export function hopOf({ devices }: Laboratory, nodes: number): LinkShape {
  const rates = devices.map(({ link }) =>
    link.kind === 'wifi' ? link.bitsPerSecond / (4 * nodes) : link.bitsPerSecond,
  );
  return {
    bytesPerSecond: Math.min(...rates) / 8,
    latencySeconds: Math.max(...devices.map(({ link }) => link.latencySeconds)),
  };
}
