// What a run costs in joules: by this device's sensor, where there is one that can be read, and beside
// it, or instead, by the model of a device's profile. A sensor measures the whole host, whatever else
// runs on it: nodes that share a host share one figure.

import { setTimeout as passed } from 'node:timers/promises';

import type { Figures, Traffic } from '../meter/figures.ts';
import type { EnergyReport, PowerSource } from '../ports.ts';
import {
  createEnergySampler,
  deviceUtilisation,
  modelEnergy,
  openPowerSource,
} from '../power/index.ts';
import type { DeviceProfile } from '../power/index.ts';
import type { Recorder } from '../runtime/recorder.ts';
import { laboratory } from './places.ts';

/** Watts want a reading every second or so. */
const sampleMilliseconds = 1000;

/** A sensor, and what it showed before anything was computed. */
export interface Sensor {
  readonly source: PowerSource;
  readonly idleWatts?: number;
}

export interface SensorChoice {
  readonly sensor?: Sensor;
  /** In one line, why the sensors that this device has cannot be read. */
  readonly unreadable?: string;
}

/**
 * Opens this device's sensor, if it has one, and looks for a second at what it shows in idle. A lab's
 * devices have none: those of the machine measure the machine.
 */
export async function openSensor(sysfs?: string): Promise<SensorChoice> {
  if (laboratory) return {};
  const { source, passedOver } = await openPowerSource(sysfs === undefined ? {} : { sysfs });
  if (source) {
    const idleWatts = await idleWattsOf(source);
    return { sensor: { source, ...(idleWatts !== undefined && { idleWatts }) } };
  }
  const reasons = passedOver.filter(({ isThere }) => isThere).map(({ reason }) => reason);
  return reasons.length > 0 ? { unreadable: `energy is not measured: ${reasons.join('; ')}` } : {};
}

/** Undefined where the sensor does not tell just now. */
async function idleWattsOf(source: PowerSource): Promise<number | undefined> {
  const sampler = createEnergySampler(source);
  const start = performance.now();
  const activity = () => ({
    seconds: (performance.now() - start) / 1000,
    utilisation: 0,
    bytes: 0,
  });
  await sampler.sample(activity());
  await passed(sampleMilliseconds);
  await sampler.sample(activity());
  const { total, seconds } = sampler.report();
  return seconds > 0 ? total / seconds : undefined;
}

/** Measures the same time as the recorder's meter; the recording has the figure. Returns how to end. */
export function measureEnergy(recorder: Recorder, { source, idleWatts }: Sensor): () => void {
  const sampler = createEnergySampler(source);
  const activity = () => ({ seconds: recorder.now(), utilisation: 0, bytes: 0 });
  let timer: NodeJS.Timeout | undefined;
  recorder.onMeasuring = (isMeasuring) => {
    clearInterval(timer);
    if (!isMeasuring) return void sampler.pause(activity());
    timer = setInterval(() => void sampler.sample(activity()), sampleMilliseconds);
    return void sampler.sample(activity());
  };
  recorder.energy = () => {
    const report = sampler.report(idleWatts);
    return report.seconds > 0 || report.missed ? report : undefined;
  };
  return () => clearInterval(timer);
}

const bytesOf = (traffic: Readonly<Record<string, Traffic>>): number =>
  Object.values(traffic).reduce((sum, { bytes }) => sum + bytes, 0);

/** What a device of this profile would have drawn, had it been as busy for as long: at its own pace, in a slow lab. */
export function modelledEnergy(
  profile: DeviceProfile,
  { wallSeconds, busySeconds, sent, received }: Figures,
): EnergyReport {
  const busy = Object.values(busySeconds).reduce((sum, seconds) => sum + seconds, 0);
  const utilisation = deviceUtilisation(profile, busy, wallSeconds);
  const bytes = bytesOf(sent) + bytesOf(received);
  const seconds = wallSeconds * (laboratory?.scale ?? 1);
  return modelEnergy(profile, [{ seconds, utilisation, bytes }]);
}

/** Of devices together; undefined unless each has a figure that holds all of its time. */
export function totalJoules(reports: readonly (EnergyReport | undefined)[]): number | undefined {
  let joules = 0;
  for (const report of reports) {
    if (!report || report.missed) return undefined;
    joules += report.total;
  }
  return reports.length > 0 ? joules : undefined;
}
