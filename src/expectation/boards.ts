// How fast small boards are, as data: what a device that was timed is scaled by, to stand for another.
// Published figures are High Performance Linpack in double precision on all cores; 64-bit vectors hold
// twice as many single-precision numbers, so a core is taken to do twice its share of it.

import { RingError } from '../errors.ts';
import type { DeviceSpeed } from './demand.ts';
import { demandUnits } from './demand.ts';
import type { ExpectedDevice } from './setting.ts';

export interface Board {
  /** As on the command line, and as in the device profiles of power: `pi-4b`. */
  readonly name: string;
  /** Of all cores, double precision. */
  readonly linpackFlops: number;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly citation: string;
}

const geerling = 'top500-benchmark (https://github.com/geerlingguy/top500-benchmark)';
const maine =
  'Cloutier, Paradis, Weaver: A Raspberry Pi Cluster Instrumented for Fine-Grained Power Measurement (doi:10.3390/electronics5040061) and its list (https://web.eece.maine.edu/~vweaver/group/green_machines.html)';

const gibibytes = 2 ** 30;

/** From small to large. Boards that are sold with several sizes of memory have their usual one. */
export const boards: readonly Board[] = [
  {
    name: 'pi-zero-w',
    linpackFlops: 0.24e9,
    cores: 1,
    memoryBytes: gibibytes / 2,
    citation: maine,
  },
  { name: 'pi-2b', linpackFlops: 1.47e9, cores: 4, memoryBytes: gibibytes, citation: maine },
  { name: 'pi-3b', linpackFlops: 3.62e9, cores: 4, memoryBytes: gibibytes, citation: maine },
  { name: 'pi-3b+', linpackFlops: 5.3e9, cores: 4, memoryBytes: gibibytes, citation: maine },
  {
    name: 'pi-4b',
    linpackFlops: 11.889e9,
    cores: 4,
    memoryBytes: 4 * gibibytes,
    citation: geerling,
  },
  {
    name: 'pi-400',
    linpackFlops: 11.077e9,
    cores: 4,
    memoryBytes: 4 * gibibytes,
    citation: geerling,
  },
  {
    name: 'pi-5',
    linpackFlops: 30.249e9,
    cores: 4,
    memoryBytes: 8 * gibibytes,
    citation: geerling,
  },
];

/** Errors: USAGE. */
export function boardOf(name: string): Board {
  const board = boards.find((each) => each.name === name);
  if (board) return board;
  throw new RingError(
    'USAGE',
    `no speed is known of a device ${JSON.stringify(name)}: the devices are ${boards.map((each) => each.name).join(', ')}`,
  );
}

/** Single precision, one core. */
export const coreFlops = ({ linpackFlops, cores }: Board): number => (2 * linpackFlops) / cores;

/** What the kernels of this package reach of a BLAS with vectors of the same width (bench: 24 to 28 of 52 to 58). */
const wasmShare = 0.48;

/** How fast the device was that is to stand for a board, in matrix products. */
export interface TimedDevice {
  /** By the engine that is to train. */
  readonly flops: number;
  readonly usesBlas: boolean;
  /** By the kernels of this package, whose vectors are as wide as a board's. */
  readonly wasmFlops: number;
}

/** The same device as it would be on the board: everything slower by as much as its products are. */
export function onBoard(device: ExpectedDevice, timed: TimedDevice, board: Board): ExpectedDevice {
  const wasm = wasmShare * coreFlops(board);
  const general = timed.wasmFlops / wasm;
  const flops = timed.usesBlas ? coreFlops(board) : wasm;
  const product = timed.flops / flops;
  const speed = Object.fromEntries(
    demandUnits.map((unit) => [
      unit,
      device.speed[unit] * (isOfProducts(unit) ? product : general),
    ]),
  ) as DeviceSpeed;
  return {
    ...device,
    speed,
    flops,
    memoryBytes: board.memoryBytes,
    secondsPerFrame: device.secondsPerFrame * general,
    secondsPerByte: device.secondsPerByte * general,
  };
}

const isOfProducts = (unit: keyof DeviceSpeed): boolean =>
  unit === 'productFlops' || unit === 'convolutionFlops' || unit === 'productBytes';
