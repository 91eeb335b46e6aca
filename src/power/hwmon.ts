// Power sensors on the board, through the kernel's hwmon (Documentation/hwmon/sysfs-interface). Units
// there: microwatts, millivolts, milliamperes. Which figures make up the device is the hard part: chips
// show sums beside their summands, and not every sensor looks at the supply.

import { join } from 'node:path';

import { RingError } from '../errors.ts';
import type { ErrorBand, PowerSource } from '../ports.ts';
import { list, readNumber, readText } from './sysfs.ts';

/** One rail that a chip watches. */
interface Channel {
  readonly chip: string;
  readonly label: string | undefined;
  readonly microwatts: () => Promise<number>;
}

/** Watch a part of the device (graphics, processor, disk, network) or the light in a fibre, not the supply. */
const partial =
  /^(amdgpu|radeon|nouveau|i915|xe|fam15h_power|zenpower|k10temp|nvme|sfp.*|iwlwifi.*)$/;

/** Made to be put into a supply line. */
const monitor = /^(ina\d+|sq52206)$/;

/** A rail that the others hang on: `VDD_IN`, `POM_5V_IN`, `power total`. */
const inlet = /(^|[\s_])(v?in|input|total)([\s_]|$)/i;

const errorBands: Readonly<Record<string, ErrorBand>> = {
  ina219: {
    relative: 0.02,
    basis:
      'INA219 datasheet SBOS448: current and bus voltage 1 % each over temperature; offset and the tolerance of the shunt come on top',
  },
};

/** Errors: SENSOR. */
export async function openHwmon(sysfs: string): Promise<PowerSource> {
  const folder = join(sysfs, 'class/hwmon');
  const chips: Channel[][] = [];
  for (const entry of await list(folder)) {
    const channels = await channelsOf(join(folder, entry));
    if (channels.length > 0) chips.push(channels);
  }
  const rails = deviceRails(chips);
  if (rails.length === 0)
    throw new RingError('SENSOR', `there is no power sensor of the whole device under ${folder}`);
  const read = async (): Promise<{ readonly watts: number }> => {
    let microwatts = 0;
    for (const rail of rails) microwatts += await rail.microwatts();
    return { watts: microwatts / 1e6 };
  };
  await read();
  const band = sharedBand(rails);
  return {
    kind: 'measured',
    name: `hwmon ${rails.map(({ chip, label }) => (label ? `${chip} ${label}` : chip)).join(' + ')}`,
    description: 'what flows through the supply lines in which the named sensors sit',
    ...(band && { errorBand: band }),
    read,
  };
}

/** All supply monitors together, or the first other chip; of these the inlets alone, where labels tell. */
function deviceRails(chips: readonly (readonly Channel[])[]): readonly Channel[] {
  const monitors = chips.flat().filter(({ chip }) => monitor.test(chip));
  const rails = monitors.length > 0 ? monitors : (chips[0] ?? []);
  const inlets = rails.filter(({ label }) => label !== undefined && inlet.test(label));
  return inlets.length > 0 ? inlets : rails;
}

function sharedBand(rails: readonly Channel[]): ErrorBand | undefined {
  const chips = new Set(rails.map(({ chip }) => chip));
  const [chip] = chips;
  return chips.size === 1 && chip !== undefined ? errorBands[chip] : undefined;
}

async function channelsOf(folder: string): Promise<Channel[]> {
  const chip = (await readText(join(folder, 'name'))) ?? '';
  // A battery or a charger shows up here as well; battery.ts knows when its figures hold.
  const isSupply = (await readText(join(folder, 'device/type'))) !== undefined;
  if (partial.test(chip) || isSupply) return [];
  const files = new Set(await list(folder));
  const powers = await powerChannels(folder, chip, files);
  return powers.length > 0 ? powers : productChannels(folder, chip, files);
}

/** `power1_input`, or `power1_average` where the chip shows only a mean. */
async function powerChannels(
  folder: string,
  chip: string,
  files: ReadonlySet<string>,
): Promise<Channel[]> {
  const channels: Channel[] = [];
  for (const number of numbersOf(files, /^power(\d+)_(?:input|average)$/)) {
    const file = [`power${number}_input`, `power${number}_average`].find((name) =>
      files.has(name),
    )!;
    const label = await readText(join(folder, `power${number}_label`));
    channels.push({ chip, label, microwatts: () => readNumber(join(folder, file)) });
  }
  return channels;
}

/** Voltage times current of the channels that have both. */
async function productChannels(
  folder: string,
  chip: string,
  files: ReadonlySet<string>,
): Promise<Channel[]> {
  const channels: Channel[] = [];
  for (const number of numbersOf(files, /^curr(\d+)_input$/)) {
    if (!files.has(`in${number}_input`)) continue;
    // The INA3221 has three rails: its curr4 is their sum, and in4 to in6 are voltages over its shunts.
    if (chip === 'ina3221' && number > 3) continue;
    if ((await readText(join(folder, `in${number}_enable`))) === '0') continue;
    const label =
      (await readText(join(folder, `in${number}_label`))) ??
      (await readText(join(folder, `curr${number}_label`)));
    const microwatts = async (): Promise<number> =>
      (await readNumber(join(folder, `in${number}_input`))) *
      (await readNumber(join(folder, `curr${number}_input`)));
    channels.push({ chip, label, microwatts });
  }
  return channels;
}

function numbersOf(files: ReadonlySet<string>, pattern: RegExp): ReadonlySet<number> {
  const matches = [...files].flatMap((file) => pattern.exec(file)?.[1] ?? []);
  return new Set(matches.map(Number));
}
