// How a command comes to run in a device: it joins the device's control groups, then its network, and takes
// its name. Each step replaces the process by the next one, so that whoever started it has the command itself
// to wait for and to signal.

import { deviceVariable } from './laboratory.ts';

export interface Entrance {
  /** Counted from 1. */
  readonly number: number;
  readonly name: string;
  /** Where a process says that it is in the device. */
  readonly files: readonly string[];
  readonly namespace: string;
}

/** What a shell does with a command behind it; 125 says that it could not come in. */
const joinScript = ({ number, files }: Entrance): string =>
  [
    ...files.map((file) => `echo $$ > ${file} || exit 125`),
    `export ${deviceVariable}=${number}`,
    'exec "$@"',
  ].join('\n');

const nameScript = (name: string): string => `echo ${name} > /proc/sys/kernel/hostname\nexec "$@"`;

/** Put before a command, it runs in the device. */
export function entranceTo(entrance: Entrance): string[] {
  const joining = ['sh', '-c', joinScript(entrance), 'sh'];
  const network = ['nsenter', `--net=/run/netns/${entrance.namespace}`];
  const naming = ['unshare', '--uts', 'sh', '-c', nameScript(entrance.name), 'sh'];
  return [...joining, ...network, ...naming];
}
