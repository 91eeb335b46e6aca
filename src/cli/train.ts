// `ringtmp train`: from a training file to a run's folder, over a ring.

import { createRun } from '../checkpoint/run-writer.ts';
import type { RunWriter } from '../checkpoint/run-writer.ts';
import { openData } from '../data/index.ts';
import type { OpenData } from '../data/index.ts';
import { RingError } from '../errors.ts';
import { parseTraining, resolveTraining } from '../model/training.ts';
import type { ResolvedTraining, Training } from '../model/training.ts';
import type { Report } from '../node.ts';
import { deviceProfile } from '../power/index.ts';
import { trainingCourse } from '../machine/course.ts';
import type { Course } from '../machine/course.ts';
import type { Architecture } from './architectures.ts';
import { defaultTraining } from './default-training.ts';
import { openSensor } from './energy.ts';
import type { RunFacts } from './figures-notes.ts';
import { onInterrupt } from './interrupt.ts';
import { reachableInvitations } from './invitations.ts';
import { startMaster } from './master-session.ts';
import type { MasterSessionOptions, Session } from './master-session.ts';
import { engineOf, workersOf } from './ring-flags.ts';
import type { EngineFlags, RingFlags } from './ring-flags.ts';
import { laboratory } from './places.ts';
import { newRunFolder, requireRoom } from './run-folder.ts';
import { serverOf } from './server-flags.ts';
import type { ServerFlags } from './server-flags.ts';
import { createRunStore } from './run-store.ts';
import { sampleOrder } from './sample-order.ts';
import { personDisplay } from './training-display.ts';
import type { TrainingDisplay } from './training-display.ts';
import { readTrainingFile, withFlags, withWholePaths } from './training-file.ts';
import type { TrainingFile, TrainingFlags } from './training-file.ts';
import { failureLine, jsonDisplay } from './training-json.ts';
import { requireTrace, writeTrace } from './trace-file.ts';
import { TrainingProgress } from './training-progress.ts';

export interface TrainFlags extends TrainingFlags, RingFlags, EngineFlags, ServerFlags {
  readonly architecture?: Architecture;
  readonly out?: string;
  readonly json?: true;
  readonly trace?: string;
  readonly deviceProfile?: string;
}

type EnergyFacts = Omit<RunFacts, 'batch'>;

/** Between two checkpoints within an epoch. */
const saveMilliseconds = 60_000;

const builtIn: TrainingFile = {
  value: defaultTraining,
  where: 'the built-in training',
  baseFolder: '.',
  stem: defaultTraining.name,
};

export async function train(file: string | undefined, flags: TrainFlags): Promise<void> {
  try {
    await trainFile(file, flags);
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
  if (flags.trace !== undefined) requireTrace(flags.trace);
  const profile =
    flags.deviceProfile === undefined ? undefined : deviceProfile(flags.deviceProfile);
  const { sensor, unreadable } = await openSensor();
  const data = await openData(training.data, {
    seed: training.seed,
    baseFolder: given.baseFolder,
    loss: training.loss,
  });
  try {
    const setup = { workers, ...(server && { server }), ...(sensor && { sensor }) };
    const energy = { ...(profile && { profile }), ...(unreadable !== undefined && { unreadable }) };
    await runTraining(training, data, setup, folder, { ...flags, energy });
  } finally {
    await data.close();
  }
}

async function runTraining(
  training: Training,
  data: OpenData,
  { workers, ...setup }: Pick<MasterSessionOptions, 'workers' | 'server' | 'sensor'>,
  folder: string,
  { energy, ...flags }: TrainFlags & { readonly energy: EnergyFacts },
): Promise<void> {
  const resolved = resolveTraining(training, data.facts);
  const { steps } = resolved.resolved;
  const progress = new TrainingProgress(steps);
  const display: TrainingDisplay = flags.json
    ? jsonDisplay((line) => process.stdout.write(line))
    : personDisplay(resolved, process.stdout);

  // The folder is made when the ring is formed: one that never was leaves nothing behind.
  let run: Promise<RunWriter> | undefined;
  let session: Session | undefined;
  let failure: unknown;
  const open = (): Promise<RunWriter> => (run ??= createRun(folder, resolved));
  const store = createRunStore(open, resolved);
  const report = (each: Report): void => {
    if (each.kind === 'formed')
      open().catch((error: unknown) => {
        failure = error;
        session?.stop();
      });
    const metrics = progress.take(each);
    if (metrics)
      void open().then(
        (opened) => opened.metrics.append(metrics),
        () => undefined,
      );
    display.report(each, progress);
  };

  session = await startMaster({
    ...(flags.architecture && { architecture: flags.architecture }),
    ...setup,
    training: resolved,
    purpose: 'train',
    course: courseOf(resolved),
    samples: samplesOf(resolved, data),
    store,
    engine: engineOf(flags, training),
    workers,
    report,
    trace: flags.trace !== undefined,
  });
  let interrupted = false;
  const release = onInterrupt({
    stop() {
      interrupted = true;
      display.stopping();
      session.stop();
    },
    abandon: () => session.abandon(),
  });
  const saving = setInterval(() => session.save(), saveMilliseconds);
  try {
    display.started(session.engine);
    if (session.invitation !== undefined)
      display.waiting(workers.count, reachableInvitations(session.invitation));
    await session.ended;
    display.measured(session.recordings(), { ...energy, batch: resolved.resolved.batch });
    display.ended(progress, folder, true);
  } catch (error) {
    display.ended(progress, folder, false);
    throw failure ?? explained(error, progress, folder, interrupted);
  } finally {
    clearInterval(saving);
    if (flags.trace !== undefined) await writeTrace(flags.trace, session.recordings());
    await store.discard();
    await (await run?.catch(() => undefined))?.close();
    release();
  }
}

function courseOf({ resolved }: ResolvedTraining): Course {
  const { batch, steps, data } = resolved;
  const { trainCount, testCount = 0 } = data;
  return trainingCourse({ trainCount, testCount, batch, steps });
}

function samplesOf(
  training: ResolvedTraining,
  { train, test }: OpenData,
): MasterSessionOptions['samples'] {
  return { train, order: sampleOrder(training), ...(test && { evaluate: test }) };
}

/** Says also what there is of the run, where there was one. */
function explained(
  error: unknown,
  { step, savedStep }: TrainingProgress,
  folder: string,
  interrupted: boolean,
): unknown {
  if (!(error instanceof RingError)) return error;
  if (step === 0 && !['INTERRUPTED', 'NODE_LOST'].includes(error.code)) return error;
  // A worker that its user stopped is, from here, a node that is gone.
  const code = error.code === 'INTERRUPTED' && !interrupted ? 'NODE_LOST' : error.code;
  const began = step > 0 ? `stopped after step ${step}` : 'stopped before the first step';
  const reason = code === 'INTERRUPTED' ? began : error.message;
  const left =
    savedStep === undefined
      ? 'no checkpoint was saved'
      : `step ${savedStep} is saved in ${folder}: look at it with ringtmp inspect ${folder}`;
  return new RingError(code, `${reason}; ${left}`, { cause: error });
}
