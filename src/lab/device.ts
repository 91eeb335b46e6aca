// The devices that a lab emulates, as data: read from the command line, scaled, and held against what
// this machine can carry.

import { RingError } from '../errors.ts';

/** A device's way to the others. */
export interface DeviceLink {
  /** `wired`: both directions at once, its own; `wifi`: one medium that all such devices take turns on. */
  readonly kind: 'wired' | 'wifi';
  readonly bitsPerSecond: number;
  /** Until what is sent to it begins to arrive. */
  readonly latencySeconds: number;
}

/** A kind of device. */
export interface Board {
  readonly name: string;
  /** How fast one of its cores is, in floating-point operations a second, and as a share of one core of this machine. */
  readonly coreFlops: number;
  readonly coreShare: number;
  readonly memoryBytes: number;
  /** How it is most often connected. */
  readonly link: DeviceLink['kind'];
}

/**
 * How many cores of its board a device has: one for the thread that computes, one for everything else.
 * Each is held to its speed apart, so that no thread is faster than there.
 */
export const deviceCores = ['engine', 'rest'] as const;
export type DeviceCore = (typeof deviceCores)[number];

/** An emulated device: two cores of its board, all of its memory, its link. */
export interface Device extends Omit<Board, 'link'> {
  /** `pi-4b-2`: the second device, whatever the first is. */
  readonly name: string;
  readonly board: string;
  readonly link: DeviceLink;
}

/**
 * A link of which no more is said. Wi-Fi carries what TCP gets from a 20 MHz channel with one antenna, on
 * which 72 Mbit/s are sent (IEEE 802.11n).
 */
const ordinaryLinks = {
  wired: { kind: 'wired', bitsPerSecond: 100e6, latencySeconds: 0 },
  wifi: { kind: 'wifi', bitsPerSecond: 40e6, latencySeconds: 0.002 },
} as const;

const most = 200;

const usage = (message: string): RingError => new RingError('USAGE', message);

/**
 * `4xpi-4b@20mbit,1xpi-3b+@wifi`: how many of which board, and behind each @ what is to differ:
 * `wired` or `wifi`, a rate (kbit, mbit, gbit), memory (mb, gb), latency (ms).
 * `boardOf` gives a board by its name. Errors: USAGE.
 */
export function parseDevices(text: string, boardOf: (name: string) => Board): Device[] {
  const devices = text.split(',').flatMap((group): Omit<Device, 'name'>[] => {
    const [what = '', ...changes] = group.trim().split('@');
    const match = /^(?:(\d{1,3})x)?([a-z][\w+-]*)$/.exec(what);
    const count = Number(match?.[1] ?? 1);
    if (!match || count < 1)
      throw usage(
        `'${group}' is no device of a lab: write COUNTxBOARD and behind @ what is to differ, as in 4xpi-4b@20mbit or pi-3b+@wifi@512mb@5ms`,
      );
    const board = boardOf(match[2]!);
    const said = Object.assign({}, ...changes.map(readChange)) as Change;
    // A rate of its own is that of a cable.
    const kind = said.kind ?? (said.bitsPerSecond === undefined ? board.link : 'wired');
    const { memoryBytes = board.memoryBytes, ...differing } = said;
    const link = { ...ordinaryLinks[kind], ...differing };
    const { name, coreFlops, coreShare } = board;
    const device = { board: name, coreFlops, coreShare, memoryBytes, link };
    return Array.from({ length: count }, () => device);
  });
  if (devices.length > most)
    throw usage(`${devices.length} devices are more than a lab can have: give at most ${most}`);
  requireOneMedium(devices);
  return devices.map((device, at) => ({ ...device, name: `${device.board}-${at + 1}` }));
}

type Change = Partial<DeviceLink & Pick<Device, 'memoryBytes'>>;

/** What a number with this unit says: its key, how much the unit is, and the least that makes sense. */
const units: Readonly<Record<string, readonly [key: keyof Change, size: number, least: number]>> = {
  kbit: ['bitsPerSecond', 1e3, 1e4],
  mbit: ['bitsPerSecond', 1e6, 1e4],
  gbit: ['bitsPerSecond', 1e9, 1e4],
  mb: ['memoryBytes', 1e6, 64e6],
  gb: ['memoryBytes', 1e9, 64e6],
  ms: ['latencySeconds', 1e-3, 0],
};

function readChange(text: string): Change {
  if (text === 'wired' || text === 'wifi') return { kind: text };
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)([a-z]+)$/.exec(text) ?? [];
  const [key, size, least] = units[unit] ?? [];
  const value = Number(number) * (size ?? Number.NaN);
  if (key && value >= least!) return { [key]: value };
  throw usage(
    `'@${text}' says nothing of a device: write wired or wifi, a rate from 10kbit as in 20mbit, memory from 64mb as in 512mb, or latency as in 5ms`,
  );
}

function requireOneMedium(devices: readonly Omit<Device, 'name'>[]): void {
  const rates = new Set(
    devices.flatMap(({ link }) => (link.kind === 'wifi' ? [link.bitsPerSecond] : [])),
  );
  if (rates.size > 1)
    throw usage(
      `the devices on Wi-Fi share one medium, which has one rate, not ${[...rates].map((rate) => `${rate / 1e6} Mbit/s`).join(' and ')}: give them the same`,
    );
}

/** The same devices in slow motion: whatever takes time takes 1 / scale of it. */
export const scaled = (devices: readonly Device[], scale: number): Device[] =>
  devices.map((device) => ({
    ...device,
    coreFlops: device.coreFlops * scale,
    coreShare: device.coreShare * scale,
    link: {
      ...device.link,
      bitsPerSecond: device.link.bitsPerSecond * scale,
      latencySeconds: device.link.latencySeconds / scale,
    },
  }));
