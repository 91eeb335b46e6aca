// Picks the source that says most about this device: a sensor in its supply line, else its battery,
// else its processor's counters, else a model of it.

import { RingError } from '../errors.ts';
import type { PowerSource } from '../ports.ts';
import { openBattery } from './battery.ts';
import { openHwmon } from './hwmon.ts';
import { modelSource } from './model.ts';
import type { DeviceProfile } from './profiles.ts';
import { openRapl } from './rapl.ts';

export interface PowerChoice {
  /** Absent where nothing measures and no profile was given. */
  readonly source?: PowerSource;
  /** Each of the others, with one line that says why not. */
  readonly passedOver: readonly PassedOver[];
}

interface PassedOver {
  readonly name: string;
  readonly reason: string;
  /** The device has it: it cannot be read, or another was taken. */
  readonly isThere: boolean;
}

export interface PowerOptions {
  /** Where sysfs is mounted. */
  readonly sysfs?: string;
  /** What to model where nothing measures. (For an emulated device take modelSource: sensors see the host.) */
  readonly profile?: DeviceProfile;
}

/** Never fails for want of a sensor. */
export async function openPowerSource({
  sysfs = '/sys',
  profile,
}: PowerOptions = {}): Promise<PowerChoice> {
  const candidates: readonly (readonly [name: string, open: () => Promise<PowerSource>])[] = [
    ['power sensor', () => openHwmon(sysfs)],
    ['battery', () => openBattery(sysfs)],
    ['RAPL', () => openRapl(sysfs)],
    ['model', () => openModel(profile)],
  ];
  let source: PowerSource | undefined;
  const passedOver: PassedOver[] = [];
  for (const [name, open] of candidates) {
    if (source) {
      const reason = `${source.name} says more about this device`;
      passedOver.push({ name, reason, isThere: true });
      continue;
    }
    try {
      source = await open();
    } catch (error) {
      if (!(error instanceof RingError) || error.code !== 'SENSOR') throw error;
      // Whoever finds nothing to read says so in these words.
      const isThere = !/^(there is no |no device profile)/.test(error.message);
      passedOver.push({ name, reason: error.message, isThere });
    }
  }
  return { ...(source && { source }), passedOver };
}

async function openModel(profile: DeviceProfile | undefined): Promise<PowerSource> {
  if (profile) return modelSource(profile);
  throw new RingError('SENSOR', 'no device profile was given');
}
