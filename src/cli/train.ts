// `ringtmp train`: from a training file to a run's folder, or on from where a run was left.

import { resumeRun } from '../checkpoint/run-writer.ts';
import { openData } from '../data/index.ts';
import { RingError } from '../errors.ts';
import { parseTraining, resolveTraining } from '../model/training.ts';
import { deviceProfile } from '../power/index.ts';
import { makeSecret } from '../transport/invitation.ts';
import { defaultTraining } from './default-training.ts';
import { openSensor } from './energy.ts';
import { openResumable, resumedFlags } from './resume.ts';
import { laboratory } from './places.ts';
import { workersOf } from './ring-flags.ts';
import { newRunFolder, requireRoom } from './run-folder.ts';
import { reopenData } from './run-samples.ts';
import { serverOf } from './server-flags.ts';
import { requireTrace } from './trace-file.ts';
import type { TrainFlags } from './train-flags.ts';
import { readTrainingFile, withFlags, withWholePaths } from './training-file.ts';
import type { TrainingFile } from './training-file.ts';
import { failureLine } from './training-json.ts';
import { runTraining, toldBy } from './training-run.ts';
import type { TrainingRunOptions } from './training-run.ts';

const builtIn: TrainingFile = {
  value: defaultTraining,
  where: 'the built-in training',
  baseFolder: '.',
  stem: defaultTraining.name,
};

export async function train(file: string | undefined, flags: TrainFlags): Promise<void> {
  try {
    if (flags.resume === undefined) await trainFile(file, flags);
    else await resume(file, flags.resume, flags);
  } catch (error) {
    if (flags.json) process.stdout.write(failureLine(error));
    throw error;
  }
}

async function trainFile(file: string | undefined, flags: TrainFlags): Promise<void> {
  const given = file === undefined ? builtIn : await readTrainingFile(file);
  const parsed = parseTraining(withFlags(given.value, flags), given.where);
  const training = { ...parsed, data: withWholePaths(parsed.data, given.baseFolder) };
  const workers = workersOf(flags, laboratory?.devices.length ?? training.nodes ?? 1);
  const server = serverOf(flags, training, workers.count + 1);
  const folder = flags.out ?? newRunFolder(training.name ?? given.stem, new Date());
  requireRoom(folder);
  const measuring = await measuringOf(flags);
  const data = await openData(training.data, {
    seed: training.seed,
    baseFolder: given.baseFolder,
    loss: training.loss,
  });
  try {
    const resolved = resolveTraining(training, data.facts);
    const ring = { workers, ...(server && { server }), secret: makeSecret() };
    await runTraining({ training: resolved, data, folder, flags, ...ring, ...measuring });
  } finally {
    await data.close();
  }
}

/** Goes on with a run; flags may only say how, not what. */
async function resume(file: string | undefined, folder: string, given: TrainFlags): Promise<void> {
  if (file !== undefined)
    throw new RingError(
      'USAGE',
      `--resume takes the training from ${folder}: leave ${file} away, or begin anew without --resume`,
    );
  const resumable = await openResumable(folder);
  const { training, record } = resumable;
  const flags = resumedFlags(given, folder, resumable);
  const workers = workersOf(flags, 1);
  const server = serverOf(flags, training, workers.count + 1);
  const measuring = await measuringOf(flags);
  const run = await resumeRun(folder);
  try {
    const told = await toldBy(folder);
    const data = await reopenData(folder, training);
    try {
      const { secret } = record;
      const on = { training, data, folder, flags, workers, ...(server && { server }), secret };
      await runTraining({ ...on, ...measuring, resumed: { run, told } });
    } finally {
      await data.close();
    }
  } finally {
    await run.close();
  }
}

/** What energy is measured by. Errors: USAGE, STORE, when that or a trace cannot be had. */
async function measuringOf({
  trace,
  deviceProfile: name,
}: TrainFlags): Promise<Pick<TrainingRunOptions, 'sensor' | 'energy'>> {
  if (trace !== undefined) requireTrace(trace);
  const profile = name === undefined ? undefined : deviceProfile(name);
  const { sensor, unreadable } = await openSensor();
  const energy = { ...(profile && { profile }), ...(unreadable !== undefined && { unreadable }) };
  return { ...(sensor && { sensor }), energy };
}
