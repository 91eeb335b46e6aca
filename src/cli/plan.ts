// `ringtmp plan`: what a training would take by each architecture on devices and links that need not be
// there: from the model's cost, constants of this machine (or of a board that it stands for) and the link.

import { openData } from '../data/index.ts';
import { RingError } from '../errors.ts';
import { boardOf, onBoard } from '../expectation/boards.ts';
import { choose } from '../expectation/choose.ts';
import { expectTraining, isAble } from '../expectation/expect.ts';
import { expectedArchitectures } from '../expectation/setting.ts';
import type { Setting } from '../expectation/setting.ts';
import { parseTraining, resolveTraining } from '../model/training.ts';
import { deviceProfile, deviceUtilisation, modelEnergy } from '../power/index.ts';
import { calibrateDevice } from './calibration.ts';
import type { CalibratedDevice } from './calibration.ts';
import { bar, LiveLine } from './live-line.ts';
import { parseLink } from './link-flag.ts';
import { planJson, planText } from './plan-text.ts';
import type { Plan, PlannedArchitecture } from './plan-text.ts';
import { engineOf } from './ring-flags.ts';
import type { EngineFlags } from './ring-flags.ts';
import { readTrainingFile, withFlags, withWholePaths } from './training-file.ts';
import type { TrainingFlags } from './training-file.ts';

export interface PlanFlags extends TrainingFlags, EngineFlags {
  readonly nodes?: number;
  readonly link: string;
  readonly device?: string;
  readonly json?: true;
}

const defaultNodes = 4;
/** Every node is played, and where shards stand beside workers each speaks with each: more take minutes. */
const mostNodes = 100;

/** Errors: those of a training file and its data; USAGE for an unknown device or link. */
export async function plan(file: string, flags: PlanFlags): Promise<void> {
  const link = parseLink(flags.link);
  const board = flags.device === undefined ? undefined : boardOf(flags.device);
  const profile = flags.device === undefined ? undefined : deviceProfile(flags.device);
  const given = await readTrainingFile(file);
  const parsed = parseTraining(withFlags(given.value, flags), given.where);
  const description = withWholePaths(parsed.data, given.baseFolder);
  const data = await openData(description, { seed: parsed.seed, baseFolder: given.baseFolder });
  const training = resolveTraining({ ...parsed, data: description }, data.facts);
  await data.close();

  const nodes = flags.nodes ?? parsed.nodes ?? defaultNodes;
  if (nodes > mostNodes)
    throw new RingError(
      'USAGE',
      `${nodes} nodes are too many to plan for: give --nodes up to ${mostNodes}`,
    );
  const calibrated = await calibrateWithLine(flags, parsed);
  const { device, timed } = calibrated;
  const setting: Setting = {
    training,
    nodes,
    device: board ? onBoard(device, timed, board) : device,
    link,
  };
  const outlooks: PlannedArchitecture[] = [];
  for (const architecture of expectedArchitectures) {
    if (setting.nodes === 1 && architecture !== 'single') continue;
    const outlook = await expectTraining(architecture, setting);
    if (!profile || !isAble(outlook)) {
      outlooks.push(outlook);
      continue;
    }
    const { stepSeconds, nodes } = outlook;
    const joules = nodes.map(
      ({ busySeconds, sentBytes, receivedBytes }) =>
        modelEnergy(profile, [
          {
            seconds: stepSeconds,
            utilisation: deviceUtilisation(profile, busySeconds, stepSeconds),
            bytes: sentBytes + receivedBytes,
          },
        ]).total,
    );
    const total = joules.reduce((sum, each) => sum + each, 0);
    outlooks.push({ ...outlook, joulesPerSample: total / training.resolved.batch });
  }
  const made: Plan = {
    title: training.name ?? given.stem,
    setting,
    calibrated,
    ...(board && { board }),
    ...(profile && { profile }),
    outlooks,
    choice: choose(outlooks, setting),
  };
  process.stdout.write(flags.json ? `${JSON.stringify(planJson(made))}\n` : planText(made));
}

async function calibrateWithLine(
  flags: PlanFlags,
  file: Parameters<typeof engineOf>[1],
): Promise<CalibratedDevice> {
  const line = new LiveLine(process.stderr);
  try {
    return await calibrateDevice(engineOf(flags, file), (done, of) =>
      line.update(() => `${bar(done / of, 16)} timing this machine's engine`),
    );
  } finally {
    line.clear();
  }
}
