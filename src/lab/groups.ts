// The control groups of a lab, as the files that make them: a share of the processor in short periods, and
// a bound of memory. Both versions of the kernel's interface.

import { join } from 'node:path/posix';

import type { Device } from './device.ts';

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

/** A device's folders, one in each hierarchy. */
export const groupsOf = (hierarchies: Hierarchies, lab: string, device: string): string[] =>
  rootsOf(hierarchies).map((root) => join(root, lab, device));

/** A file to write, after its folder is made. */
export interface Setting {
  readonly folder: string;
  readonly file: string;
  readonly text: string;
  /** A kernel without it limits less, and that is good enough. */
  readonly isOptional?: true;
}

/** In order. */
export function groupSettings(
  hierarchies: Hierarchies,
  lab: string,
  devices: readonly Device[],
): Setting[] {
  const { version, cpu, memory } = hierarchies;
  if (version === 1)
    return devices.flatMap((device) => firstVersion(cpu, memory, join(lab, device.name), device));
  const delegated = { file: 'cgroup.subtree_control', text: '+cpu +memory' };
  return [
    { folder: cpu, ...delegated },
    { folder: join(cpu, lab), ...delegated },
    ...devices.flatMap((device) => secondVersion(join(cpu, lab, device.name), device)),
  ];
}

function firstVersion(cpu: string, memory: string, path: string, device: Device): Setting[] {
  const { quota, period } = quotaOf(device.cores);
  const [processor, holding] = [join(cpu, path), join(memory, path)];
  const bytes = String(Math.round(device.memoryBytes));
  return [
    { folder: processor, file: 'cpu.cfs_period_us', text: String(period) },
    { folder: processor, file: 'cpu.cfs_quota_us', text: String(quota) },
    { folder: holding, file: 'memory.limit_in_bytes', text: bytes },
    { folder: holding, file: 'memory.memsw.limit_in_bytes', text: bytes, isOptional: true },
  ];
}

function secondVersion(folder: string, device: Device): Setting[] {
  const { quota, period } = quotaOf(device.cores);
  return [
    { folder, file: 'cpu.max', text: `${quota} ${period}` },
    { folder, file: 'memory.max', text: String(Math.round(device.memoryBytes)) },
    { folder, file: 'memory.swap.max', text: '0', isOptional: true },
  ];
}

/** The least that the kernel takes, and the most, in microseconds. */
const [leastQuota, mostPeriod] = [1000, 1_000_000];
/** Short, so that a device is slow all the time and not fast for a while and then still. */
const shortPeriod = 10_000;

/** In microseconds. */
export function quotaOf(cores: number): { readonly quota: number; readonly period: number } {
  const period = Math.min(mostPeriod, Math.max(shortPeriod, Math.ceil(leastQuota / cores)));
  return { quota: Math.max(leastQuota, Math.round(cores * period)), period };
}
