// One run of a comparison: a training by one architecture over local processes, and what it took.

import type { OpenData } from '../data/index.ts';
import { trainingCourse } from '../machine/course.ts';
import type { Entry } from '../meter/timeline.ts';
import type { ResolvedTraining } from '../model/training.ts';
import { masterId } from '../node.ts';
import type { NodeReport } from '../node.ts';
import { parseConsistency } from '../parameter-server/consistency.ts';
import { deviceProfile } from '../power/index.ts';
import type { DeviceProfile } from '../power/index.ts';
import type { Copies, Fault } from '../study/faults.ts';
import type { Architecture, NodeResult, Run } from '../study/results.ts';
import { makeSecret } from '../transport/invitation.ts';
import type { LinkShape } from '../transport/shaped.ts';
import type { EngineOptions } from './engine-options.ts';
import { modelledEnergy, totalJoules } from './energy.ts';
import type { Sensor } from './energy.ts';
import { startMaster } from './master-session.ts';
import type { MasterSessionOptions, Session } from './master-session.ts';
import type { NodeRecording } from './node-recording.ts';
import { laboratory } from './places.ts';
import { runCopies } from './run-copies.ts';
import { Stopwatch } from './run-stopwatch.ts';
import { sampleOrder } from './sample-order.ts';
import type { ServerSettings } from './server-flags.ts';

export interface ComparedRunOptions {
  readonly architecture: Architecture;
  /** Of a parameter server: `bsp` unless it says otherwise. */
  readonly consistency?: string;
  readonly training: ResolvedTraining;
  readonly data: OpenData;
  readonly nodes: number;
  readonly engine: EngineOptions;
  readonly repeat: number;
  readonly targetAccuracy?: number;
  /** What the links between the processes are slowed down to. */
  readonly link?: LinkShape;
  /** Nodes to take away while it runs. */
  readonly faults?: readonly Fault[];
  /** What is kept for the case that a node is lost; on disk, this device's in a folder. */
  readonly copies?: Copies & { readonly folder: string };
  /** Devices that join, with this secret, in the place of local processes. */
  readonly joining?: { readonly listen: string; readonly secret: string };
  /** Energy is modelled as of this device. */
  readonly profile?: DeviceProfile;
  /** Of this device, on which all nodes stand. */
  readonly sensor?: Sensor;
  readonly progress: (step: number, steps: number) => void;
  /** Told of every device that has joined, from 1 on, and of how many are to. */
  readonly joined: (joined: number, wanted: number) => void;
  /** Told of the session, to stop it. */
  readonly started: (session: Session) => void;
}

/** Steps whose timeline is kept for the picture: the last ones, when all is in its stride. */
const steadySteps = 3;

/** How long a worker that was cut off may come back. */
const waitSeconds = 60;

const usualConsistency = 'bsp';

/** Errors: USAGE for an unknown consistency. */
function variantOf({
  architecture,
  consistency = usualConsistency,
}: ComparedRunOptions): Partial<MasterSessionOptions> {
  const server = (servers: ServerSettings['servers']): Partial<MasterSessionOptions> => ({
    architecture: 'parameter-server',
    server: { consistency: parseConsistency(consistency), servers },
  });
  switch (architecture) {
    case 'ring':
    case 'single':
      return { architecture: 'ring' };
    case 'all-reduce':
      return { architecture };
    case 'parameter-server':
      return server(1);
    case 'parameter-server-colocated':
      return server('colocated');
  }
}

/**
 * Reads the samples of the first epoch once: those that are drawn when they are first read, by a master alone, would
 * cost it time that has nothing to do with how it trains.
 */
async function readBefore(training: ResolvedTraining, { train }: OpenData): Promise<void> {
  const { batch, steps, data } = training.resolved;
  const order = sampleOrder(training);
  const stepsOfEpoch = Math.ceil(data.trainCount / batch);
  for (let step = 0; step < Math.min(steps, stepsOfEpoch); step += 1) await train.read(order(step));
}

/** Errors: those of the session. */
export async function comparedRun(options: ComparedRunOptions): Promise<Run> {
  const { architecture, training, data, engine, repeat, targetAccuracy, joining } = options;
  const { faults = [] } = options;
  const secret = joining?.secret ?? makeSecret();
  const copies = await runCopies(options.copies, architecture, training, secret);
  const { batch, steps, data: facts } = training.resolved;
  const { trainCount, testCount = 0 } = facts;
  await readBefore(training, data);
  const stopwatch = new Stopwatch();
  const count = architecture === 'single' ? 0 : options.nodes - 1;
  const session = await startMaster({
    ...variantOf(options),
    training,
    purpose: 'train',
    course: trainingCourse({ trainCount, testCount, batch, steps }),
    samples: {
      train: data.train,
      order: sampleOrder(training),
      ...(data.test && { evaluate: data.test }),
    },
    engine,
    workers:
      joining && count > 0
        ? { kind: 'join', count, listen: joining.listen, noMore: true }
        : { kind: 'local', count },
    secret,
    trace: true,
    ...(options.link && { link: options.link }),
    ...(options.sensor && { sensor: options.sensor }),
    ...copies.options,
    ...(faults.some((fault) => fault.seconds !== undefined) && { waitSeconds }),
    report(report) {
      stopwatch.take(report, targetAccuracy);
      if (report.kind === 'joined') options.joined(report.joined, report.wanted);
      if (report.kind !== 'step') return;
      options.progress(report.step, steps);
      copies.stepDone(report.step, session);
      for (const fault of faults) {
        const struck = fault.step === report.step && nodeAt(fault, stopwatch.members);
        if (!struck) continue;
        stopwatch.struck(struck.node);
        session.takeAway(struck.name, fault.seconds);
      }
    },
  });
  options.started(session);
  await session.ended;
  await copies.close();
  const { seconds, results, members, finalLoss, accuracy, secondsToTarget } = stopwatch;
  const { shipped, disturbances } = stopwatch;
  const samples = results.at(-1)?.samples ?? 0;
  const recordings = session.recordings();
  const recorded = recordings.map((recording) => nodeResult(recording, members, options.profile));
  const sent = recorded.reduce((sum, { figures }) => sum + bytesOf(figures.sent), 0);
  const measuredSteps = recorded[0]?.figures.steps ?? 0;
  const measuredSamples = (samples * measuredSteps) / steps;
  const energy = recordings[0]?.energy;
  const joules = totalJoules(energy ? [energy] : recorded.map((node) => node.energy));
  return {
    architecture,
    ...(architecture.startsWith('parameter-server') && {
      consistency: options.consistency ?? usualConsistency,
    }),
    repeat,
    seconds,
    ...(secondsToTarget !== undefined && { secondsToTarget }),
    samplesPerSecond: samples / seconds,
    bytesPerSample: sent / measuredSamples,
    ...(joules !== undefined &&
      measuredSamples > 0 && { joulesPerSample: joules / measuredSamples }),
    ...(energy && { energy }),
    finalLoss,
    ...(accuracy !== undefined && { accuracy }),
    steps: results,
    ...(shipped && { shipped }),
    ...(disturbances.length > 0 && { disturbances }),
    nodes: recorded,
  };
}

/** Undefined where the run has no such node. */
const nodeAt = ({ role, at }: Fault, members: readonly NodeReport[]): NodeReport | undefined =>
  members.filter(({ node, roles = ['worker'] }) => node !== masterId && roles.includes(role))[at];

const bytesOf = (traffic: NodeResult['figures']['sent']): number =>
  Object.values(traffic).reduce((sum, { bytes }) => sum + bytes, 0);

function nodeResult(
  { node, figures, usage, entries, offsetSeconds, errorSeconds }: NodeRecording,
  members: readonly NodeReport[],
  profile: DeviceProfile | undefined,
): NodeResult {
  const { roles, name } = members.find((member) => member.node === node) ?? {};
  const device = profile ?? profileInLab(name);
  const energy = device && modelledEnergy(device, figures);
  return {
    node,
    role: roles?.join(' and ') ?? (node === 'master' ? 'master' : 'worker'),
    figures,
    ...usage,
    ...(energy && { energy }),
    timeline: { node, entries: steady(entries), offsetSeconds, errorSeconds },
  };
}

/** In a lab a node is as its device. */
function profileInLab(name: string | undefined): DeviceProfile | undefined {
  const place = laboratory?.devices.find((each) => each.name === name);
  return place && deviceProfile(place.board);
}

/** The entries of the last steps, from commit to commit. */
function steady(entries: readonly Entry[]): readonly Entry[] {
  const commits = entries.flatMap((entry) => (entry.type === 'commit' ? [entry.at] : []));
  const until = commits.at(-1);
  const from = commits.at(-1 - steadySteps) ?? commits[0];
  if (until === undefined || from === undefined) return [];
  return entries.filter((entry) => {
    const [start, end] = 'end' in entry ? [entry.start, entry.end] : [entry.at, entry.at];
    return end >= from && start <= until;
  });
}
