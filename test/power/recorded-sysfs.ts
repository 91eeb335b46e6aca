// Trees of attribute files as drivers leave them in /sys, made in a folder of their own.

import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Path under the root, and what the file says (a line feed is added, as the kernel does). */
export type Attributes = Readonly<Record<string, string | number>>;

export interface RecordedSysfs {
  readonly root: string;
  write(attributes: Attributes): Promise<void>;
  remove(path: string): Promise<void>;
  dispose(): Promise<void>;
}

export async function recordedSysfs(attributes: Attributes = {}): Promise<RecordedSysfs> {
  const root = await mkdtemp(join(tmpdir(), 'ringtmp-sysfs-'));
  // Others may look in, as in /sys.
  await chmod(root, 0o755);
  const sysfs: RecordedSysfs = {
    root,
    async write(written) {
      for (const [path, value] of Object.entries(written)) {
        const file = join(root, path);
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, `${value}\n`);
      }
    },
    remove: (path) => rm(join(root, path), { recursive: true }),
    dispose: () => rm(root, { recursive: true }),
  };
  await sysfs.write(attributes);
  return sysfs;
}

/** The attributes of one device: `under('class/hwmon/hwmon0', { name: 'ina219' })`. */
export const under = (folder: string, attributes: Attributes): Attributes =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [`${folder}/${name}`, value]),
  );

/** A laptop's processor: one package, its cores and graphics, and the platform around it. */
export const intelPackage: Attributes = {
  'class/powercap/intel-rapl/enabled': 1,
  ...under('class/powercap/intel-rapl:0', {
    name: 'package-0',
    energy_uj: 262_143_000_000,
    max_energy_range_uj: 262_143_328_850,
  }),
  ...under('class/powercap/intel-rapl:0:0', {
    name: 'core',
    energy_uj: 91_000_000_000,
    max_energy_range_uj: 262_143_328_850,
  }),
  ...under('class/powercap/intel-rapl:1', {
    name: 'psys',
    energy_uj: 77_000_000_000,
    max_energy_range_uj: 262_143_328_850,
  }),
  ...under('class/powercap/intel-rapl-mmio:0', {
    name: 'package-0',
    energy_uj: 262_143_000_000,
    max_energy_range_uj: 262_143_328_850,
  }),
};

/** A Pi's INA219 breakout: 5.112 V, 640 mA. */
export const ina219 = (entry: string): Attributes =>
  under(`class/hwmon/${entry}`, {
    name: 'ina219',
    in0_input: 64,
    in1_input: 5112,
    curr1_input: 640,
    power1_input: 3_280_000,
    shunt_resistor: 100_000,
    update_interval: 1,
  });

/** A Jetson's INA3221: the inlet, and two rails behind it; in4 to in7 and curr4 are the chip's own sums. */
export const ina3221: Attributes = under('class/hwmon/hwmon3', {
  name: 'ina3221',
  in1_label: 'VDD_IN',
  in1_enable: 1,
  in1_input: 5000,
  curr1_input: 1200,
  in2_label: 'VDD_CPU_GPU_CV',
  in2_enable: 1,
  in2_input: 5000,
  curr2_input: 400,
  in3_label: 'VDD_SOC',
  in3_enable: 1,
  in3_input: 5000,
  curr3_input: 300,
  in4_input: 6000,
  in5_input: 2000,
  in6_input: 1500,
  in7_label: 'sum of shunt voltages',
  in7_input: 9500,
  curr4_input: 1900,
});

/** A laptop's battery, unplugged, and its charger: 11.4 V, 1.1 A out. */
export const battery = (attributes: Attributes = {}): Attributes => ({
  ...under('class/power_supply/AC', { type: 'Mains', online: 0 }),
  ...under('class/power_supply/BAT0', {
    type: 'Battery',
    present: 1,
    status: 'Discharging',
    ...attributes,
  }),
});
