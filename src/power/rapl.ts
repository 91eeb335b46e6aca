// The energy counters of Intel's and AMD's processors, through the kernel's power capping framework
// (Documentation/power/powercap). A zone `intel-rapl:0` is a package; its sub-zones `intel-rapl:0:0`
// (cores, graphics, memory) and the zone `psys` overlap with it, so only packages are summed.

import { join } from 'node:path';

import { RingError } from '../errors.ts';
import type { PowerSource } from '../ports.ts';
import { list, readNumber, readText } from './sysfs.ts';

/** Errors: SENSOR. */
export async function openRapl(sysfs: string): Promise<PowerSource> {
  const folder = join(sysfs, 'class/powercap');
  const packages: Counter[] = [];
  for (const zone of await list(folder)) {
    const name = /^intel-rapl:\d+$/.test(zone) && (await readText(join(folder, zone, 'name')));
    if (name && name.startsWith('package'))
      packages.push(await openCounter(join(folder, zone), name));
  }
  if (packages.length === 0)
    throw new RingError('SENSOR', `there is no RAPL package under ${folder}`);
  return {
    kind: 'measured',
    name: `RAPL ${packages.map(({ name }) => name).join(' + ')}`,
    description:
      'the processor packages of this host, everything that runs on them included; not memory, disk, screen or radio, and not a device emulated on this host',
    async read() {
      let joules = 0;
      for (const counter of packages) joules += await counter.read();
      return { joules };
    },
  };
}

interface Counter {
  readonly name: string;
  /** Joules since it was opened. */
  read(): Promise<number>;
}

/** A counter of microjoules that goes on from 0 after `max_energy_range_uj`. */
async function openCounter(zone: string, name: string): Promise<Counter> {
  const path = join(zone, 'energy_uj');
  let last = await readNumber(path);
  const range = await readNumber(join(zone, 'max_energy_range_uj'));
  let counted = 0;
  return {
    name,
    async read() {
      const now = await readNumber(path);
      counted += now >= last ? now - last : now + range - last;
      last = now;
      return counted / 1e6;
    },
  };
}
