// One training from its start, or from where its run was left, to its end: a master's session, the run's
// folder and the display put together.

import { readMetrics } from '../checkpoint/metrics.ts';
import { filesOf } from '../checkpoint/run.ts';
import { createRun } from '../checkpoint/run-writer.ts';
import type { ResumedRun, RunWriter } from '../checkpoint/run-writer.ts';
import { openSnapshots } from '../checkpoint/snapshots.ts';
import type { OpenData } from '../data/index.ts';
import { RingError } from '../errors.ts';
import type { Told } from '../machine/boundary.ts';
import { trainingCourse } from '../machine/course.ts';
import type { Course } from '../machine/course.ts';
import type { ResolvedTraining } from '../model/training.ts';
import type { Report } from '../node.ts';
import { memorySnapshots } from '../runtime/snapshots.ts';
import type { SnapshotStore } from '../runtime/snapshots.ts';
import { parseInvitation, runOf } from '../transport/invitation.ts';
import type { RunFacts } from './figures-notes.ts';
import { onInterrupt } from './interrupt.ts';
import { reachableInvitations } from './invitations.ts';
import { startMaster } from './master-session.ts';
import type { MasterSessionOptions, Session } from './master-session.ts';
import { recordOf } from './resume.ts';
import { engineOf } from './ring-flags.ts';
import { createRunStore, lateSnapshots } from './run-store.ts';
import { sampleOrder } from './sample-order.ts';
import type { TrainFlags } from './train-flags.ts';
import { personDisplay } from './training-display.ts';
import type { TrainingDisplay } from './training-display.ts';
import { jsonDisplay } from './training-json.ts';
import { writeTrace } from './trace-file.ts';
import { TrainingProgress } from './training-progress.ts';

/** A run that was left, held for this process to write on, and what it has told. */
export interface Resumed {
  readonly run: ResumedRun;
  readonly told: Told;
}

export interface TrainingRunOptions extends Pick<
  MasterSessionOptions,
  'workers' | 'server' | 'sensor'
> {
  readonly training: ResolvedTraining;
  readonly data: OpenData;
  readonly folder: string;
  readonly flags: TrainFlags;
  readonly secret: string;
  readonly energy: Omit<RunFacts, 'batch'>;
  readonly resumed?: Resumed;
}

/**
 * Between two checkpoints within an epoch; between two copies of all layers, of which no more than 30 s of
 * work are lost if it takes half as long again until they are complete.
 */
const saveMilliseconds = 60_000;
const replicateMilliseconds = 20_000;

export async function runTraining(options: TrainingRunOptions): Promise<void> {
  const { training, data, folder, flags, workers, server, sensor, secret, resumed } = options;
  const progress = new TrainingProgress(training.resolved.steps);
  const display: TrainingDisplay = flags.json
    ? jsonDisplay((line) => process.stdout.write(line))
    : personDisplay(training, process.stdout);

  // The folder is made when the ring is formed: one that never was leaves nothing behind.
  let run: Promise<RunWriter> | undefined = resumed && Promise.resolve(resumed.run);
  let session: Session | undefined;
  let failure: unknown;
  const open = (): Promise<RunWriter> => (run ??= createRun(folder, training));
  const store = createRunStore(open, training);
  const snapshots = await copiesOf(options, open);
  const formed = async (): Promise<void> => {
    const listening = withPort(workers, session?.invitation);
    await (await open()).keepResume(recordOf(flags, secret, listening));
  };
  const report = (each: Report): void => {
    if (each.kind === 'formed')
      formed().catch((error: unknown) => {
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

  if (resumed) {
    progress.takeUp(resumed.told.step, resumed.run.position?.step);
    display.resuming(folder, progress);
  }
  session = await startMaster({
    ...(flags.architecture && { architecture: flags.architecture }),
    ...(server && { server }),
    ...(sensor && { sensor }),
    training,
    purpose: 'train',
    course: courseOf(training),
    samples: samplesOf(training, data),
    store,
    secret,
    ...(snapshots && { snapshots }),
    ...(flags.replicas && { replicas: flags.replicas }),
    ...(flags.replicateEvery !== undefined && { replicateEvery: flags.replicateEvery }),
    ...(resumed?.run.position && { loadedStep: resumed.run.position.step }),
    ...(resumed && { told: resumed.told }),
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
  const timers = [setInterval(() => session.save(), saveMilliseconds)];
  if (flags.replicateEvery === undefined)
    timers.push(setInterval(() => session.replicate(), replicateMilliseconds));
  try {
    display.started(session.engine);
    if (session.invitation !== undefined)
      display.waiting(workers.count, reachableInvitations(session.invitation));
    await session.ended;
    await (await run)?.complete();
    display.measured(session.recordings(), { ...options.energy, batch: training.resolved.batch });
    display.ended(progress, folder, true);
  } catch (error) {
    display.ended(progress, folder, false);
    throw failure ?? explained(error, progress, options, interrupted);
  } finally {
    for (const timer of timers) clearInterval(timer);
    if (flags.trace !== undefined) await writeTrace(flags.trace, session.recordings());
    await store.discard();
    await (await run?.catch(() => undefined))?.close();
    release();
  }
}

/** What a run has told, by its metrics: nobody is to be told twice. */
export async function toldBy(folder: string): Promise<Told> {
  let [step, evaluated] = [0, -1];
  for await (const record of readMetrics(filesOf(folder).metrics))
    if (typeof record['step'] !== 'number') continue;
    else if ('loss' in record) step = Math.max(step, record['step']);
    else evaluated = Math.max(evaluated, record['step']);
  return { step, evaluated };
}

/** Where this device's copies of its own layers are; so far only a ring makes any. */
async function copiesOf(
  { folder, flags, secret, resumed }: TrainingRunOptions,
  open: () => Promise<RunWriter>,
): Promise<SnapshotStore | undefined> {
  if (flags.architecture !== undefined && flags.architecture !== 'ring') return undefined;
  if (flags.replicas === 'memory') return memorySnapshots();
  const inRun = (): Promise<SnapshotStore> =>
    openSnapshots(filesOf(folder).snapshots, runOf(secret));
  return resumed ? inRun() : lateSnapshots(() => open().then(inRun));
}

/** The workers as they are waited for, on the port that was really taken. */
function withPort(
  workers: MasterSessionOptions['workers'],
  invitation: string | undefined,
): MasterSessionOptions['workers'] {
  if (workers.kind === 'local' || invitation === undefined) return workers;
  return { ...workers, listen: parseInvitation(invitation).address };
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
  { folder }: TrainingRunOptions,
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
      : `step ${savedStep} is saved in ${folder}: go on with ringtmp train --resume ${folder}`;
  return new RingError(code, `${reason}; ${left}`, { cause: error });
}
