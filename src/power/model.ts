// Energy without a sensor: P = idle + load * utilisation, and joules for each byte. Linear, so that a
// run's energy follows from its mean utilisation, however unevenly it worked. Pure.

import type { Activity, EnergyParts, EnergyReport, PowerSource } from '../ports.ts';
import type { DeviceProfile } from './profiles.ts';

/**
 * The joules of stretches of time that follow one another. A board's idle watts may hold its radio's
 * standing power or not; they are taken to, so that it is never counted twice.
 */
export function modelEnergy(
  profile: DeviceProfile,
  activities: Iterable<Activity>,
): EnergyReport & EnergyParts {
  let seconds = 0;
  let busySeconds = 0;
  let bytes = 0;
  for (const activity of activities) {
    seconds += activity.seconds;
    busySeconds += activity.seconds * activity.utilisation;
    bytes += activity.bytes;
  }
  const floorJoules = profile.idleWatts * seconds;
  const computeJoules = profile.loadWatts * busySeconds;
  const radioJoules = profile.radio.joulesPerByte * bytes;
  const marginalJoules = computeJoules + radioJoules;
  return {
    kind: 'modelled',
    source: sourceName(profile),
    total: floorJoules + marginalJoules,
    seconds,
    floorJoules,
    marginalJoules,
    computeJoules,
    radioJoules,
  };
}

/** The same model as a source that is read like a sensor. */
export function modelSource(profile: DeviceProfile): PowerSource {
  const { device, radio, citation } = profile;
  return {
    kind: 'modelled',
    name: sourceName(profile),
    description: `${device}: ${citation}; ${radio.name}: ${radio.citation}, its ${radio.onWatts} W of being on taken to be in the floor`,
    read: (activity) => {
      const { total, floorJoules, computeJoules, radioJoules } = modelEnergy(profile, [activity]);
      return Promise.resolve({
        joules: total,
        parts: { floorJoules, computeJoules, radioJoules },
      });
    },
  };
}

const sourceName = (profile: DeviceProfile): string => `model ${profile.name}`;

/** The share of the device that `busyThreadSeconds` (summed over threads) of `seconds` kept busy. */
export function deviceUtilisation(
  profile: DeviceProfile,
  busyThreadSeconds: number,
  seconds: number,
): number {
  return seconds > 0 ? Math.min(1, busyThreadSeconds / (seconds * profile.cores)) : 0;
}
