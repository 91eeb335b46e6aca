// Small devices as data, for the modelled fallback: what they draw idle, what full load adds, and what
// their radio costs. Every constant names who measured it. Pure: a simulation and a browser use it too.

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
}

const powerJoular = 'PowerJoular, linear models (https://hal.science/hal-03912723)';

const raspberryPi = (
  name: string,
  device: string,
  cores: number,
  [idleWatts, loadWatts]: readonly [number, number],
  radio: Radio,
): DeviceProfile => ({
  name,
  device: `Raspberry Pi ${device}`,
  cores,
  idleWatts,
  loadWatts,
  radio,
  citation: powerJoular,
});

/** From small to large; of two equally near names the smaller device's is suggested. */
export const deviceProfiles: readonly DeviceProfile[] = [
  raspberryPi('pi-zero-w', 'Zero W', 1, [0.92, 0.473], wifi),
  raspberryPi('pi-2b', '2B', 4, [1.29, 1.149], ethernet),
  raspberryPi('pi-3b', '3B', 4, [1.078, 3.477], wifi),
  raspberryPi('pi-3b+', '3B+', 4, [2.002, 3.298], wifi),
  raspberryPi('pi-4b', '4B r1.2', 4, [2.286, 4.534], wifi),
  raspberryPi('pi-400', '400', 4, [1.822, 5.025], wifi),
  raspberryPi('pi-5', '5', 4, [4.403, 3.458], wifi),
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
