// What a lab's namespaces and control groups are called: by the process that owns them, so that whoever
// comes later sees whether it is still there. A process id alone may have been given to another since;
// with the time of its start it is one of a kind.

export interface Owner {
  readonly pid: number;
  /** In the kernel's ticks since it was booted. */
  readonly started: number;
}

const prefix = 'ringtmp-lab';
const pattern = new RegExp(String.raw`^${prefix}-(\d+)-(\d+)(?=-|$)`);

export const labName = ({ pid, started }: Owner): string => `${prefix}-${pid}-${started}`;

/** The lab that something of this name belongs to, and its owner; undefined for what is of no lab. */
export function parseLabName(
  text: string,
): { readonly lab: string; readonly owner: Owner } | undefined {
  const match = pattern.exec(text);
  if (!match) return undefined;
  return { lab: match[0], owner: { pid: Number(match[1]), started: Number(match[2]) } };
}

/** When a process was started, from /proc/PID/stat: its name, in parentheses, may hold anything. */
export const startOf = (stat: string): number =>
  Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);

/** The network namespace of a device, counted from 1, or of what connects them. */
export const namespaceName = (lab: string, device: number | 'switch'): string => `${lab}-${device}`;
