// The control groups of a lab, as the files that make them: for each core of a device a share of one of the
// machine's, in short periods, and for the device a bound of memory. Both versions of the kernel's interface.

import { join } from 'node:path/posix';

import { deviceCores } from './device.ts';
import type { Device, DeviceCore } from './device.ts';

/** Where the kernel's control groups are; in version 2 both are one. */
export interface Hierarchies {
  readonly version: 1 | 2;
  readonly cpu: string;
  readonly memory: string;
}

/** From /proc/mounts; `controllersOf` reads cgroup.controllers of a folder. Undefined where processor or memory cannot be limited. */
export function findHierarchies(
  mounts: string,
  controllersOf: (folder: string) => string,
): Hierarchies | undefined {
  const lines = mounts.split('\n').map((line) => line.split(' '));
  const first = (controller: string): string | undefined =>
    lines.find(
      ([, , type, options]) => type === 'cgroup' && options?.split(',').includes(controller),
    )?.[1];
  const [cpu, memory] = [first('cpu'), first('memory')];
  if (cpu && memory) return { version: 1, cpu, memory };
  const unified = lines.find(([, , type]) => type === 'cgroup2')?.[1];
  if (unified === undefined) return undefined;
  const controllers = controllersOf(unified).trim().split(' ');
  if (!controllers.includes('cpu') || !controllers.includes('memory')) return undefined;
  return { version: 2, cpu: unified, memory: unified };
}

/** The folders at which control groups begin. */
export const rootsOf = ({ cpu, memory }: Hierarchies): string[] => [...new Set([cpu, memory])];

/** The folder of one of a device's cores. */
export const coreFolder = (
  { cpu }: Hierarchies,
  lab: string,
  device: string,
  core: DeviceCore,
): string => join(cpu, lab, device, core);

/** The file that a thread's id is written to, to run on a core. */
export const threadFile = (
  hierarchies: Hierarchies,
  lab: string,
  device: string,
  core: DeviceCore,
): string =>
  join(
    coreFolder(hierarchies, lab, device, core),
    hierarchies.version === 1 ? 'tasks' : 'cgroup.threads',
  );

/** The files that a process of one thread writes its id to, in order, to be in a device. */
export function entryFiles(hierarchies: Hierarchies, lab: string, device: string): string[] {
  const memory = join(hierarchies.memory, lab, device, 'cgroup.procs');
  return [memory, threadFile(hierarchies, lab, device, 'rest')];
}

/** A file to write, after its folder is made. */
export interface Setting {
  readonly folder: string;
  readonly file: string;
  readonly text: string;
  /** A kernel without it limits less, and that is good enough. */
  readonly isOptional?: true;
}

// What else the machine does must not slow the devices down: within their limits they go first.
const [greatestShares, greatestWeight] = ['262144', '10000'];

/** In order. */
export function groupSettings(
  hierarchies: Hierarchies,
  lab: string,
  devices: readonly Device[],
): Setting[] {
  const whole = join(hierarchies.cpu, lab);
  if (hierarchies.version === 1)
    return [
      { folder: whole, file: 'cpu.shares', text: greatestShares, isOptional: true },
      ...devices.flatMap((device) => firstVersion(hierarchies, lab, device)),
    ];
  const delegated = { file: 'cgroup.subtree_control', text: '+cpu +memory' };
  return [
    { folder: hierarchies.cpu, ...delegated },
    { folder: whole, ...delegated },
    { folder: whole, file: 'cpu.weight', text: greatestWeight, isOptional: true },
    ...devices.flatMap((device) => secondVersion(hierarchies, lab, device)),
  ];
}

function firstVersion(hierarchies: Hierarchies, lab: string, device: Device): Setting[] {
  const { quota, period } = quotaOf(device.coreShare);
  const memory = join(hierarchies.memory, lab, device.name);
  const bytes = String(Math.round(device.memoryBytes));
  return [
    { folder: memory, file: 'memory.limit_in_bytes', text: bytes },
    { folder: memory, file: 'memory.memsw.limit_in_bytes', text: bytes, isOptional: true },
    ...deviceCores.flatMap((core): Setting[] => {
      const folder = coreFolder(hierarchies, lab, device.name, core);
      return [
        { folder, file: 'cpu.cfs_period_us', text: String(period) },
        { folder, file: 'cpu.cfs_quota_us', text: String(quota) },
      ];
    }),
  ];
}

/** Memory is a matter of processes; below the device, groups are of threads. */
function secondVersion(hierarchies: Hierarchies, lab: string, device: Device): Setting[] {
  const { quota, period } = quotaOf(device.coreShare);
  const whole = join(hierarchies.memory, lab, device.name);
  const cores = deviceCores.map((core) => coreFolder(hierarchies, lab, device.name, core));
  return [
    { folder: whole, file: 'memory.max', text: String(Math.round(device.memoryBytes)) },
    { folder: whole, file: 'memory.swap.max', text: '0', isOptional: true },
    ...cores.map((folder) => ({ folder, file: 'cgroup.type', text: 'threaded' })),
    { folder: whole, file: 'cgroup.subtree_control', text: '+cpu' },
    ...cores.map((folder) => ({ folder, file: 'cpu.max', text: `${quota} ${period}` })),
  ];
}

/** Whether it is by this that a core has its speed. */
export const limitsCore = ({ file }: Setting): boolean =>
  file === 'cpu.cfs_quota_us' || file === 'cpu.max';

/** What to write in its place for a core as fast as the machine's. */
export const withoutLimit = ({ file, text }: Setting): string =>
  file === 'cpu.max' ? text.replace(/^\d+/, 'max') : '-1';

/** The least that the kernel takes, and the most, in microseconds. */
const [leastQuota, mostPeriod] = [1000, 1_000_000];
/** Short, so that a device is slow all the time and not fast for a while and then still. */
const shortPeriod = 10_000;

/** In microseconds. */
export function quotaOf(share: number): { readonly quota: number; readonly period: number } {
  const period = Math.min(mostPeriod, Math.max(shortPeriod, Math.ceil(leastQuota / share)));
  return { quota: Math.max(leastQuota, Math.round(share * period)), period };
}

/** What share of a core a group may have, from what `textOf` reads in its folder; 0 where nothing is said. */
export function shareIn({ version }: Hierarchies, textOf: (file: string) => string): number {
  const [quota, period] =
    version === 1
      ? [textOf('cpu.cfs_quota_us'), textOf('cpu.cfs_period_us')]
      : textOf('cpu.max').split(' ');
  const share = Number(quota) / Number(period);
  return share > 0 ? share : 0;
}
