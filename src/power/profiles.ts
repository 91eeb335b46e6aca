// Small devices as data: what they draw idle, what full load adds, and what their radio costs, for the
// modelled fallback; how fast they are and what they hold, for plans and for the lab. Every constant names
// who measured it. Pure: a simulation and a browser use it too.

import { RingError } from '../errors.ts';
import { suggestion } from '../model/suggestion.ts';

interface Radio {
  readonly name: 'Wi-Fi' | 'Ethernet';
  /** Switched on, without traffic. */
  readonly onWatts: number;
  /** Of each byte sent and of each byte received. */
  readonly joulesPerByte: number;
  readonly citation: string;
}

const powerPi =
  "Kaup, Gottschling, Hausheer: PowerPi (LCN'14, doi:10.1109/LCN.2014.6925777), on a Raspberry Pi 1";

const wifi: Radio = {
  name: 'Wi-Fi',
  onWatts: 0.942,
  joulesPerByte: 38e-9,
  citation: powerPi,
};

/** Its cost per byte is not known here and counts as none. */
const ethernet: Radio = { name: 'Ethernet', onWatts: 0.294, joulesPerByte: 0, citation: powerPi };

/** How fast one core is in matrix products of float32 while the others are busy too. */
interface CoreSpeed {
  readonly flops: number;
  readonly citation: string;
}

/** P = idleWatts + loadWatts * utilisation of the whole device. */
export interface DeviceProfile {
  /** As on the command line: `pi-4b`. */
  readonly name: string;
  readonly device: string;
  readonly cores: number;
  readonly idleWatts: number;
  /** What a utilisation of 1 adds to `idleWatts`. */
  readonly loadWatts: number;
  readonly radio: Radio;
  readonly citation: string;
  /** Of the size that is most common where there are several. */
  readonly memoryBytes: number;
  /** Absent where the device cannot run this program: Node 20 needs at least an ARMv7. */
  readonly coreSpeed?: CoreSpeed;
}

const powerJoular = 'PowerJoular, linear models (https://hal.science/hal-03912723)';

/**
 * From a board's published Linpack figure, of all cores and in double precision: a vector holds twice as
 * many numbers of single precision.
 */
const linpack = (gigaflops: number, cores: number, citation: string): CoreSpeed => ({
  flops: (2 * gigaflops * 1e9) / cores,
  citation: `twice its Linpack figure, ${gigaflops} GFLOP/s, over its cores: ${citation}`,
});

const neonProduct =
  "own NEON kernels on a Pi 3's core come to about 2 GFLOP/s (https://qkou.info/tags/raspberry-pi/)";
const geerling = 'https://github.com/geerlingguy/top500-benchmark/issues';

const raspberryPi = ({
  device,
  cores = 4,
  watts: [idleWatts, loadWatts],
  memoryGigabytes,
  ...rest
}: Pick<DeviceProfile, 'name' | 'device' | 'radio' | 'coreSpeed'> & {
  readonly cores?: number;
  /** Idle, and what load adds. */
  readonly watts: readonly [number, number];
  readonly memoryGigabytes: number;
}): DeviceProfile => ({
  ...rest,
  device: `Raspberry Pi ${device}`,
  cores,
  idleWatts,
  loadWatts,
  memoryBytes: memoryGigabytes * 2 ** 30,
  citation: powerJoular,
});

/** From small to large; of two equally near names the smaller device's is suggested. */
export const deviceProfiles: readonly DeviceProfile[] = [
  raspberryPi({
    name: 'pi-zero-w',
    device: 'Zero W',
    cores: 1,
    watts: [0.92, 0.473],
    radio: wifi,
    memoryGigabytes: 0.5,
  }),
  raspberryPi({
    name: 'pi-2b',
    device: '2B',
    watts: [1.29, 1.149],
    radio: ethernet,
    memoryGigabytes: 1,
    coreSpeed: {
      flops: 0.75e9,
      citation: `estimated: half a Pi 3's a clock, 0.9 GHz; ${neonProduct}`,
    },
  }),
  raspberryPi({
    name: 'pi-3b',
    device: '3B',
    watts: [1.078, 3.477],
    radio: wifi,
    memoryGigabytes: 1,
    coreSpeed: { flops: 2e9, citation: neonProduct },
  }),
  raspberryPi({
    name: 'pi-3b+',
    device: '3B+',
    watts: [2.002, 3.298],
    radio: wifi,
    memoryGigabytes: 1,
    coreSpeed: { flops: 2.3e9, citation: `by the clock, 1.4 to 1.2 GHz; ${neonProduct}` },
  }),
  raspberryPi({
    name: 'pi-4b',
    device: '4B r1.2',
    watts: [2.286, 4.534],
    radio: wifi,
    memoryGigabytes: 4,
    coreSpeed: linpack(11.433, 4, `at 1.5 GHz, ${geerling}/33`),
  }),
  raspberryPi({
    name: 'pi-400',
    device: '400',
    watts: [1.822, 5.025],
    radio: wifi,
    memoryGigabytes: 4,
    coreSpeed: linpack(17.93, 4, 'at 1.8 GHz, https://github.com/OpenMathLib/OpenBLAS/issues/4149'),
  }),
  raspberryPi({
    name: 'pi-5',
    device: '5',
    watts: [4.403, 3.458],
    radio: wifi,
    memoryGigabytes: 8,
    coreSpeed: linpack(30.249, 4, `${geerling}/18`),
  }),
];

/** The profile of that name. Errors: USAGE. */
export function deviceProfile(name: string): DeviceProfile {
  const profile = deviceProfiles.find((known) => known.name === name);
  if (profile) return profile;
  const names = deviceProfiles.map((known) => known.name);
  throw new RingError(
    'USAGE',
    `${JSON.stringify(name)} is not a known device profile: the profiles are ${names.join(', ')}${suggestion(name, names)}`,
  );
}
