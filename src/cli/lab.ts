// `ringtmp lab`: emulates devices, runs a command in the first of them, and takes all of it down again,
// however it ends.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { availableParallelism, constants, loadavg } from 'node:os';

import { RingError } from '../errors.ts';
import {
  buildLab,
  hierarchies,
  hostNow,
  labName,
  labVariable,
  missingForLab,
  ownerNow,
  parseDevices,
  planLab,
  readFigures,
  removeLab,
  removeLeftovers,
  requireCapacity,
  scaled,
} from '../lab/index.ts';
import type { CoreFigures, DeviceFigures, LabPlan } from '../lab/index.ts';
import { formatBytes, formatCount, formatNumberOf } from './format.ts';
import { onInterrupt } from './interrupt.ts';
import { boardsHere } from './lab-boards.ts';
import { mainFile, nodeFlags } from './own-command.ts';
import { formatTable } from './table.ts';

export interface LabFlags {
  readonly devices: string;
  readonly scale: number;
}

// What the command puts out is the result; a lab speaks of itself beside it.
const say = (...lines: readonly string[]): void => {
  for (const line of lines) process.stderr.write(`${line}\n`);
};

/** Gives the command's exit code. Errors: USAGE, LAB. */
export async function runInLab(command: readonly string[], flags: LabFlags): Promise<number> {
  cleanLab();
  const plan = await planHere(command, flags);
  const remove = (): void => removeLab(plan.name, plan.hierarchies);
  let child: ChildProcess | undefined;
  const release = onInterrupt({
    stop: () => child?.kill('SIGINT'),
    abandon: () => child?.kill('SIGKILL'),
  });
  // Also where something else ends this process.
  process.on('exit', remove);
  try {
    buildLab(plan);
    say(plan.laboratory.description, ...disturbance());
    child = startIn(plan, command);
    const code = await endOf(child);
    say(...figuresTable(readFigures(plan)));
    return code;
  } finally {
    remove();
    process.off('exit', remove);
    release();
  }
}

/** Removes what labs have left behind whose process was killed. */
export function cleanLab(): void {
  for (const name of removeLeftovers()) say(`removed ${name}, which an earlier run left behind`);
}

async function planHere(
  command: readonly string[],
  { devices, scale }: LabFlags,
): Promise<LabPlan> {
  if (process.env[labVariable] !== undefined)
    throw new RingError('USAGE', 'this is in a lab already: start the other one outside of it');
  const parsed = scaled(parseDevices(devices, await boardsHere()), scale);
  const missing = missingForLab();
  const roots = hierarchies();
  if (missing.length > 0 || !roots)
    throw new RingError(
      'LAB',
      `the lab needs ${missing.join(' and ')}: without, devices are plain processes as fast as this machine: ${command.join(' ')}`,
    );
  requireCapacity(parsed, scale, hostNow(roots));
  const name = labName(ownerNow());
  return planLab({ name, hierarchies: roots, devices: parsed, scale });
}

/** Starts the command in the first device; `ringtmp` means this program. */
function startIn(
  { laboratory }: LabPlan,
  [program = '', ...rest]: readonly string[],
): ChildProcess {
  const own = program === 'ringtmp' ? [process.execPath, ...nodeFlags, mainFile] : [program];
  const inside = [...laboratory.devices[0]!.enter, ...own, ...rest];
  // Where this process is killed the command is asked to end: nobody would take its devices down.
  return spawn('setpriv', ['--pdeathsig', 'TERM', ...inside], {
    env: { ...process.env, [labVariable]: JSON.stringify(laboratory) },
    stdio: 'inherit',
    // Ctrl-C is for this process, which passes it on.
    detached: true,
  });
}

/** The exit code of a process, as a shell has it. */
const endOf = (child: ChildProcess): Promise<number> =>
  new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal!]));
  });

/** What else wants to run here takes from the devices what they are said to have. */
function disturbance(): string[] {
  const [load = 0] = loadavg();
  const cores = availableParallelism();
  if (load < cores / 2) return [];
  return [
    `warning: in the last minute ${load.toFixed(1)} threads wanted to run on the ${formatNumberOf(cores, 'core')} of this machine: devices may be slower than they are said to be`,
  ];
}

const throttling = ({ throttledPeriods, periods }: CoreFigures): string =>
  `${formatCount(throttledPeriods)} of ${formatCount(periods)} periods`;

function figuresTable(figures: readonly DeviceFigures[]): string[] {
  const columns = [
    { title: 'device' },
    { title: 'computing throttled', align: 'right' },
    { title: 'all else throttled', align: 'right' },
    { title: 'peak memory', align: 'right' },
    { title: 'sent', align: 'right' },
    { title: 'received', align: 'right' },
  ] as const;
  const rows = figures.map((each) => [
    each.name,
    throttling(each.cores.engine),
    throttling(each.cores.rest),
    `${formatBytes(each.peakMemoryBytes)}${each.outOfMemory > 0 ? ', full' : ''}`,
    formatBytes(each.sentBytes),
    formatBytes(each.receivedBytes),
  ]);
  return formatTable(columns, rows);
}
