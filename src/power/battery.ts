// What the batteries of a laptop or a phone give away, through the kernel's power_supply class
// (Documentation/ABI/testing/sysfs-class-power). It is what the device draws only while it lives on
// them; the sign of current and power differs between drivers, so `status` says which way it flows.

import { join } from 'node:path';

import { RingError } from '../errors.ts';
import type { PowerReading, PowerSource } from '../ports.ts';
import { list, readNumber, readText } from './sysfs.ts';

interface Battery {
  readonly name: string;
  readonly folder: string;
  readonly files: ReadonlySet<string>;
}

/** Errors: SENSOR. */
export async function openBattery(sysfs: string): Promise<PowerSource> {
  const folder = join(sysfs, 'class/power_supply');
  const batteries = await findBatteries(folder);
  const names = batteries.map(({ name }) => name).join(' + ');
  if (batteries.length === 0) throw new RingError('SENSOR', `there is no battery under ${folder}`);
  const [figures, meter] = chooseMeter(batteries, names);
  const read = async (): Promise<PowerReading> => {
    await expectDischarging(batteries);
    return meter();
  };
  await read();
  return {
    kind: 'measured',
    name: `battery ${names}`,
    description: `all that this device draws, screen included, by its fuel gauge (${figures}), while it is unplugged`,
    read,
  };
}

/** Not those of a mouse or a headset. */
async function findBatteries(folder: string): Promise<Battery[]> {
  const batteries: Battery[] = [];
  for (const name of await list(folder)) {
    const supply = join(folder, name);
    const [type, scope, present] = await Promise.all(
      ['type', 'scope', 'present'].map((file) => readText(join(supply, file))),
    );
    if (type === 'Battery' && scope !== 'Device' && present !== '0')
      batteries.push({ name, folder: supply, files: new Set(await list(supply)) });
  }
  return batteries;
}

async function expectDischarging(batteries: readonly Battery[]): Promise<void> {
  const states = await Promise.all(
    batteries.map(async ({ folder }) => (await readText(join(folder, 'status'))) ?? 'gone'),
  );
  const isUnplugged =
    states.includes('Discharging') && !states.includes('Charging') && !states.includes('gone');
  if (isUnplugged) return;
  const seen = batteries.map(({ name }, i) => `${name} is ${states[i]?.toLowerCase()}`).join(', ');
  throw new RingError('SENSOR', `${seen}: a battery measures the device only while discharging`);
}

/** The most direct figures that every battery gives. */
function chooseMeter(
  batteries: readonly Battery[],
  names: string,
): readonly [figures: string, meter: () => Promise<PowerReading>] {
  const haveAll = (...wanted: string[]): boolean =>
    batteries.every(({ files }) => wanted.every((file) => files.has(file)));
  const values = (file: string): Promise<number[]> =>
    Promise.all(batteries.map(({ folder }) => readNumber(join(folder, file))));
  if (haveAll('power_now')) {
    return [
      'power_now',
      async () => ({ watts: sum((await values('power_now')).map(Math.abs)) / 1e6 }),
    ];
  }
  if (haveAll('current_now', 'voltage_now')) {
    return [
      'current_now * voltage_now',
      async () => {
        const volts = await values('voltage_now');
        const currents = await values('current_now');
        return { watts: sum(currents.map((current, i) => Math.abs(current * volts[i]!))) / 1e12 };
      },
    ];
  }
  // Microwatt-hours that are left: a difference of two is coarse, but holds over minutes.
  if (haveAll('energy_now')) {
    return ['energy_now', async () => ({ joules: -sum(await values('energy_now')) * 3600e-6 })];
  }
  if (haveAll('charge_now', 'voltage_now'))
    return ['charge_now * voltage_now', chargeMeter(values)];
  throw new RingError(
    'SENSOR',
    `${names}: there is no power_now, current_now, energy_now or charge_now to measure by`,
  );
}

/** Microampere-hours that have left, each at the voltage (the mean of before and after) at which it left. */
function chargeMeter(values: (file: string) => Promise<number[]>): () => Promise<PowerReading> {
  let joules = 0;
  let last: { readonly charges: number[]; readonly volts: number[] } | undefined;
  return async () => {
    const now = { charges: await values('charge_now'), volts: await values('voltage_now') };
    now.charges.forEach((charge, i) => {
      if (!last) return;
      const spent = (last.charges[i]! - charge) * 3600e-6;
      joules += (spent * (last.volts[i]! + now.volts[i]!)) / 2e6;
    });
    last = now;
    return { joules };
  };
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
