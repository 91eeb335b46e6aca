import { chmod } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import {
  battery,
  ina219,
  ina3221,
  intelPackage,
  recordedSysfs,
  under,
} from '../../test/power/recorded-sysfs.ts';
import type { RecordedSysfs } from '../../test/power/recorded-sysfs.ts';
import type { PowerSource } from '../ports.ts';
import { openBattery } from './battery.ts';
import { openHwmon } from './hwmon.ts';
import { openPowerSource } from './open.ts';
import { deviceProfile } from './profiles.ts';
import { openRapl } from './rapl.ts';
import { createEnergySampler } from './sampler.ts';

let sysfs: RecordedSysfs;
beforeEach(async () => {
  sysfs = await recordedSysfs();
});
afterEach(() => sysfs.dispose());

const activity = { seconds: 0, utilisation: 0, bytes: 0 };
const read = (source: PowerSource) => source.read(activity);
const sensorError = (message: RegExp) =>
  expect.objectContaining({ code: 'SENSOR', message: expect.stringMatching(message) });

/** Root reads everything, so whoever is root puts the rank down meanwhile. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(65_534);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

describe('RAPL', () => {
  const energy = 'class/powercap/intel-rapl:0/energy_uj';

  test('counts the package once, without what overlaps with it, through a wrap', async () => {
    await sysfs.write(intelPackage);
    const source = await openRapl(sysfs.root);
    expect(source).toMatchObject({ kind: 'measured', name: 'RAPL package-0' });
    expect(source.description).toMatch(/this host.*not a device emulated/);
    await expect(read(source)).resolves.toEqual({ joules: 0 });
    await sysfs.write({ [energy]: 4_671_150 });
    await expect(read(source)).resolves.toEqual({ joules: 5 });
    await sysfs.write({ [energy]: 9_671_150 });
    await expect(read(source)).resolves.toEqual({ joules: 10 });
    await sysfs.write({ [energy]: 1_000_000 });
    await expect(read(source)).resolves.toEqual({ joules: (262_143_328_850 + 1_328_850) / 1e6 });
  });

  test('sums the packages of a server', async () => {
    for (const [zone, name] of ['package-0', 'package-1'].entries()) {
      const attributes = { name, energy_uj: 7_000_000, max_energy_range_uj: 65_532_610_987 };
      await sysfs.write(under(`class/powercap/intel-rapl:${zone}`, attributes));
      await sysfs.write(
        under(`class/powercap/intel-rapl:${zone}:0`, { ...attributes, name: 'dram' }),
      );
    }
    const source = await openRapl(sysfs.root);
    expect(source.name).toBe('RAPL package-0 + package-1');
    await sysfs.write({ [energy]: 9_000_000, 'class/powercap/intel-rapl:1/energy_uj': 10_500_000 });
    await expect(read(source)).resolves.toEqual({ joules: 5.5 });
  });

  test('for root only, it says so and what to do', async () => {
    await sysfs.write(intelPackage);
    await chmod(join(sysfs.root, energy), 0o400);
    await expect(asNobody(() => openRapl(sysfs.root))).rejects.toEqual(
      sensorError(/intel-rapl:0\/energy_uj may not be read: run as root/),
    );
  });

  test('is not there', async () => {
    await sysfs.write({ 'class/powercap/intel-rapl/enabled': 0 });
    await expect(openRapl(sysfs.root)).rejects.toEqual(sensorError(/no RAPL package under/));
  });
});

describe('hwmon', () => {
  test('an INA219 gives microwatts, with the band of its datasheet', async () => {
    await sysfs.write(ina219('hwmon1'));
    const source = await openHwmon(sysfs.root);
    expect(source).toMatchObject({ kind: 'measured', name: 'hwmon ina219' });
    expect(source.errorBand).toMatchObject({
      relative: 0.02,
      basis: expect.stringContaining('SBOS448'),
    });
    await expect(read(source)).resolves.toEqual({ watts: 3.28 });
  });

  test('of an INA3221 with a labelled inlet only the inlet counts', async () => {
    await sysfs.write(ina3221);
    const source = await openHwmon(sysfs.root);
    expect(source.name).toBe('hwmon ina3221 VDD_IN');
    expect(source).not.toHaveProperty('errorBand');
    await expect(read(source)).resolves.toEqual({ watts: 6 });
  });

  test('without an inlet its enabled rails are summed, its own sums are not', async () => {
    await sysfs.write({
      ...ina3221,
      ...under('class/hwmon/hwmon3', { in1_label: 'CPU', in2_label: 'GPU', in3_enable: 0 }),
    });
    const source = await openHwmon(sysfs.root);
    expect(source.name).toBe('hwmon ina3221 CPU + ina3221 GPU');
    await expect(read(source)).resolves.toEqual({ watts: 8 });
  });

  test('an INA238 is read by its power register, not by voltage and current again', async () => {
    await sysfs.write(
      under('class/hwmon/hwmon2', {
        name: 'ina238',
        in0_input: 2,
        in1_input: 12_000,
        curr1_input: 500,
        power1_input: 6_010_000,
        temp1_input: 31_000,
      }),
    );
    await expect(read(await openHwmon(sysfs.root))).resolves.toEqual({ watts: 6.01 });
  });

  test('two monitors are two lines', async () => {
    await sysfs.write({ ...ina219('hwmon2'), ...ina219('hwmon10') });
    const source = await openHwmon(sysfs.root);
    expect(source.name).toBe('hwmon ina219 + ina219');
    expect(source.errorBand).toMatchObject({ relative: 0.02 });
    await expect(read(source)).resolves.toEqual({ watts: 6.56 });
  });

  test('a meter that shows only a mean', async () => {
    await sysfs.write(
      under('class/hwmon/hwmon0', { name: 'power_meter', power1_average: 84_000_000 }),
    );
    await expect(read(await openHwmon(sysfs.root))).resolves.toEqual({ watts: 84 });
  });

  test('of a power supply unit the total counts', async () => {
    await sysfs.write(
      under('class/hwmon/hwmon0', {
        name: 'corsairpsu',
        power1_label: 'power total',
        power1_input: 92_000_000,
        power2_label: 'power +12v',
        power2_input: 80_000_000,
      }),
    );
    await expect(read(await openHwmon(sysfs.root))).resolves.toEqual({ watts: 92 });
  });

  test('graphics, light in a fibre, batteries and thermometers are not the device', async () => {
    await sysfs.write({
      ...under('class/hwmon/hwmon0', { name: 'amdgpu', power1_average: 9_000_000 }),
      ...under('class/hwmon/hwmon1', { name: 'sfp', power1_input: 500, curr1_input: 6 }),
      ...under('class/hwmon/hwmon2', {
        name: 'BAT0',
        'device/type': 'Battery',
        in0_input: 11_400,
        curr1_input: 1100,
        power1_input: 12_540_000,
      }),
      ...under('class/hwmon/hwmon3', { name: 'cpu_thermal', temp1_input: 48_000 }),
    });
    await expect(openHwmon(sysfs.root)).rejects.toEqual(
      sensorError(/no power sensor of the whole device under .*hwmon/),
    );
  });

  test('taken out in mid-run, it costs the rest of the figures, not the run', async () => {
    await sysfs.write(ina219('hwmon1'));
    const sampler = createEnergySampler(await openHwmon(sysfs.root));
    const sample = (seconds: number) => sampler.sample({ ...activity, seconds });
    await sample(0);
    await sample(10);
    await sysfs.remove('class/hwmon/hwmon1');
    await sample(13);
    expect(sampler.report()).toMatchObject({
      total: 32.8,
      seconds: 10,
      missed: {
        seconds: 3,
        reason: expect.stringMatching(/power1_input is not there: the sensor/),
      },
    });
  });

  test.each([['nonsense'], [''], ['1e999']])('a figure that is none: %j', async (power) => {
    await sysfs.write({ ...ina219('hwmon1'), 'class/hwmon/hwmon1/power1_input': power });
    await expect(openHwmon(sysfs.root)).rejects.toEqual(
      sensorError(/power1_input holds ".*", expected a number/),
    );
  });
});

describe('a battery', () => {
  const file = (name: string) => `class/power_supply/BAT0/${name}`;

  test.each([
    ['power_now', { power_now: 12_540_000, current_now: 1, voltage_now: 1 }],
    ['power_now', { power_now: -12_540_000 }],
    ['current_now * voltage_now', { current_now: 1_100_000, voltage_now: 11_400_000 }],
    ['current_now * voltage_now', { current_now: -1_100_000, voltage_now: 11_400_000 }],
  ])('gives watts by %s', async (figures, attributes) => {
    await sysfs.write(battery(attributes));
    const source = await openBattery(sysfs.root);
    expect(source).toMatchObject({ kind: 'measured', name: 'battery BAT0' });
    expect(source.description).toContain(`(${figures})`);
    await expect(read(source)).resolves.toEqual({ watts: 12.54 });
  });

  test.each([
    ['energy_now', { energy_now: 40_000_000 }, { energy_now: 39_990_000 }, 36],
    [
      'charge_now * voltage_now',
      { charge_now: 3_000_000, voltage_now: 12_000_000 },
      { charge_now: 2_990_000, voltage_now: 11_000_000 },
      36 * 11.5,
    ],
  ])('gives joules by what %s lost', async (figures, before, after, joules) => {
    await sysfs.write(battery(before));
    const source = await openBattery(sysfs.root);
    expect(source.description).toContain(`(${figures})`);
    const sampler = createEnergySampler(source);
    await sampler.sample({ ...activity, seconds: 0 });
    await sysfs.write(battery(after));
    await sampler.sample({ ...activity, seconds: 60 });
    const { total, seconds } = sampler.report();
    expect(total).toBeCloseTo(joules, 6);
    expect(seconds).toBe(60);
  });

  test('of two the one in use may be either', async () => {
    await sysfs.write({
      ...battery({ status: 'Unknown', power_now: 0 }),
      ...under('class/power_supply/BAT1', {
        type: 'Battery',
        status: 'Discharging',
        power_now: 7_000_000,
      }),
    });
    const source = await openBattery(sysfs.root);
    expect(source.name).toBe('battery BAT0 + BAT1');
    await expect(read(source)).resolves.toEqual({ watts: 7 });
  });

  test.each(['Charging', 'Full', 'Not charging'])('does not measure while %s', async (status) => {
    await sysfs.write(battery({ power_now: 12_540_000, status }));
    await expect(openBattery(sysfs.root)).rejects.toEqual(
      sensorError(new RegExp(`BAT0 is ${status.toLowerCase()}: .* only while discharging`)),
    );
  });

  test('plugged in and out again, the time between is not held', async () => {
    await sysfs.write(battery({ power_now: 5_000_000 }));
    const sampler = createEnergySampler(await openBattery(sysfs.root));
    const sample = (seconds: number) => sampler.sample({ ...activity, seconds });
    await sample(0);
    await sample(4);
    await sysfs.write({ [file('status')]: 'Charging', [file('power_now')]: 30_000_000 });
    await sample(6);
    await sysfs.write({ [file('status')]: 'Discharging', [file('power_now')]: 5_000_000 });
    await sample(7);
    await sample(9);
    expect(sampler.report()).toMatchObject({
      total: 30,
      seconds: 6,
      missed: { seconds: 3, reason: expect.stringContaining('BAT0 is charging') },
    });
  });

  test('taken out in mid-run', async () => {
    await sysfs.write(battery({ power_now: 5_000_000 }));
    const source = await openBattery(sysfs.root);
    await sysfs.remove('class/power_supply/BAT0');
    await expect(read(source)).rejects.toEqual(sensorError(/BAT0 is gone/));
  });

  test('of a mouse, an empty bay and a charger are none of the device', async () => {
    await sysfs.write({
      ...battery({ present: 0, power_now: 1 }),
      ...under('class/power_supply/hidpp_battery_0', {
        type: 'Battery',
        scope: 'Device',
        status: 'Discharging',
        voltage_now: 3_900_000,
      }),
    });
    await expect(openBattery(sysfs.root)).rejects.toEqual(sensorError(/no battery under/));
  });

  test('without figures says which would do', async () => {
    await sysfs.write(battery({ capacity: 71 }));
    await expect(openBattery(sysfs.root)).rejects.toEqual(
      sensorError(/BAT0: there is no power_now, current_now, energy_now or charge_now/),
    );
  });
});

describe('the choice', () => {
  const profile = deviceProfile('pi-4b');
  const names = ['power sensor', 'battery', 'RAPL', 'model'];

  test('falls from sensor to battery to RAPL to model, with a reason at each step', async () => {
    await sysfs.write({
      ...ina219('hwmon1'),
      ...battery({ power_now: 5_000_000 }),
      ...intelPackage,
    });
    const steps = [
      ['hwmon ina219', 'class/hwmon'],
      ['battery BAT0', 'class/power_supply'],
      ['RAPL package-0', 'class/powercap'],
      ['model pi-4b', undefined],
    ] as const;
    for (const [i, [name, folder]] of steps.entries()) {
      const { source, passedOver } = await openPowerSource({ sysfs: sysfs.root, profile });
      expect(source?.name).toBe(name);
      expect(passedOver.map((other) => other.name)).toEqual(names.filter((_, at) => at !== i));
      for (const [at, { reason }] of passedOver.entries())
        expect(reason).toMatch(at < i ? /^there is no / : `${name} says more about this device`);
      if (folder !== undefined) await sysfs.remove(folder);
    }
  });

  test('a sensor that may not be read is passed over with its reason', async () => {
    await sysfs.write(intelPackage);
    await chmod(join(sysfs.root, 'class/powercap/intel-rapl:0/energy_uj'), 0o400);
    const choice = await asNobody(() => openPowerSource({ sysfs: sysfs.root, profile }));
    expect(choice.source?.kind).toBe('modelled');
    expect(choice.passedOver[2]).toEqual({
      name: 'RAPL',
      reason: expect.stringContaining('may not be read'),
      isThere: true,
    });
  });

  test('with nothing to measure by and nothing to model by there is no source', async () => {
    const { source, passedOver } = await openPowerSource({ sysfs: sysfs.root });
    expect(source).toBeUndefined();
    expect(passedOver.map(({ name }) => name)).toEqual(names);
    expect(passedOver[3]?.reason).toBe('no device profile was given');
  });
});
