// Makes a lab from its plan, reads what it has counted, and takes it down. Whatever a lab is made of bears
// its name, so taking it down needs to know nothing else, also when another process left it behind.

import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { RingError } from '../errors.ts';
import { countIn, figureFiles, trafficIn } from './figures.ts';
import type { CoreFigures, DeviceFigures } from './figures.ts';
import { coreFolder, limitsCore, rootsOf, withoutLimit } from './groups.ts';
import type { Hierarchies, Setting } from './groups.ts';
import { namespaceName, parseLabName } from './name.ts';
import type { LabPlan } from './plan.ts';
import { entriesOf, foldersIn, hierarchies, isAlive, pause, run, textOf } from './system.ts';

const namespaces = '/run/netns';

/** Errors: LAB, with nothing left of it. */
export function buildLab(plan: LabPlan): void {
  try {
    for (const setting of plan.settings) apply(setting);
    for (const command of plan.commands) run(command);
  } catch (error) {
    removeLab(plan.name, plan.hierarchies);
    throw error;
  }
}

function apply({ folder, file, text, isOptional }: Setting): void {
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, file), text);
  } catch (error) {
    if (isOptional) return;
    throw new RingError(
      'LAB',
      `the lab could not set ${join(folder, file)} to ${text}: ${(error as Error).message}`,
    );
  }
}

/**
 * Lets devices be as fast as this machine, so that programs start in them without delay. Gives what holds them
 * to their speed again.
 */
export function letStart({ settings }: LabPlan): () => void {
  const limits = settings.filter(limitsCore);
  for (const limit of limits) apply({ ...limit, text: withoutLimit(limit) });
  return () => {
    for (const limit of limits) apply(limit);
  };
}

/** What the kernel has counted so far, of each device. */
export const readFigures = ({
  name: lab,
  hierarchies: roots,
  laboratory,
}: LabPlan): DeviceFigures[] =>
  laboratory.devices.map(({ name }, at) => {
    const memory = join(roots.memory, lab, name);
    const files = figureFiles[roots.version];
    const show = ['-json', '-statistics', 'link', 'show', 'eth0'];
    return {
      name,
      cores: {
        engine: coreFigures(coreFolder(roots, lab, name, 'engine')),
        rest: coreFigures(coreFolder(roots, lab, name, 'rest')),
      },
      peakMemoryBytes: Number(textOf(join(memory, files.peak))),
      outOfMemory: countIn(textOf(join(memory, files.events)), 'oom_kill'),
      ...trafficIn(run(['ip', '-n', namespaceName(lab, at + 1), ...show])),
    };
  });

function coreFigures(folder: string): CoreFigures {
  const statistics = textOf(join(folder, 'cpu.stat'));
  return {
    periods: countIn(statistics, 'nr_periods'),
    throttledPeriods: countIn(statistics, 'nr_throttled'),
  };
}

/** How often, and after how long, what still holds a group is looked for again. */
const [attempts, pauseMilliseconds] = [200, 20];

/** Ends every process in the lab and removes all that bears its name. Does nothing where there is nothing. */
export function removeLab(lab: string, roots: Hierarchies): void {
  const groups = rootsOf(roots).flatMap((root) => groupsFrom(join(root, lab)));
  endProcesses(groups);
  for (const group of groups) removeGroup(group);
  for (const namespace of entriesOf(namespaces))
    if (parseLabName(namespace)?.lab === lab) run(['ip', 'netns', 'delete', namespace]);
}

/** A group and those below it, the lowest first. */
const groupsFrom = (folder: string): string[] => [
  ...foldersIn(folder).flatMap((name) => groupsFrom(join(folder, name))),
  folder,
];

function endProcesses(groups: readonly string[]): void {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const listed = groups.flatMap((group) => textOf(join(group, 'cgroup.procs')).split('\n'));
    const pids = new Set(listed.filter(Boolean).map(Number));
    if (pids.size === 0) return;
    for (const pid of pids) end(pid);
    pause(pauseMilliseconds);
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** A group is busy for a moment after its last process has ended. */
function removeGroup(folder: string): void {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return rmdirSync(folder);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return;
      if (code !== 'EBUSY' || attempt >= attempts)
        throw new RingError('LAB', `the lab could not remove ${folder}: ${message}`);
      pause(pauseMilliseconds);
    }
  }
}

/** Takes down the labs whose owners are gone; gives their names. */
export function removeLeftovers(): string[] {
  const roots = hierarchies();
  if (!roots) return [];
  const names = [namespaces, ...rootsOf(roots)].flatMap(entriesOf).flatMap((entry) => {
    const parsed = parseLabName(entry);
    return parsed && !isAlive(parsed.owner) ? [parsed.lab] : [];
  });
  const left = [...new Set(names)];
  for (const lab of left) removeLab(lab, roots);
  return left;
}
