// The ways to train as the command line knows them: each a node for the master, a node for everyone
// else, and what carries out their works. What forms a run around them is the same for all.

import { RingError } from '../errors.ts';
import { AllReduceMaster } from '../all-reduce/master.ts';
import { AllReduceWorker } from '../all-reduce/worker.ts';
import { requireRows } from '../data-parallel/share.ts';
import { elementCount } from '../graph/graph.ts';
import type { Told } from '../machine/boundary.ts';
import type { Course } from '../machine/course.ts';
import { layerCosts } from '../model/layer-costs.ts';
import { learningRateAt } from '../model/learning-rate.ts';
import { updateScalars } from '../model/stage.ts';
import { layersKept, ringTraining } from '../model/training.ts';
import type { ResolvedTraining } from '../model/training.ts';
import type { Executor, Node, Purpose } from '../node.ts';
import { Master as ServerMaster } from '../parameter-server/master.ts';
import type { Servers } from '../parameter-server/enrolment.ts';
import { Member } from '../parameter-server/member.ts';
import { cutStages } from '../plan/cutter.ts';
import type { Hop } from '../plan/profile.ts';
import type { Dataset, Engine } from '../ports.ts';
import type { MessageOf } from '../protocol/messages.ts';
import { Master } from '../ring/master.ts';
import type { PaceOptions } from '../ring/pace.ts';
import { Worker } from '../ring/worker.ts';
import { EngineExecutor } from '../runtime/executor.ts';
import { ReplicaExecutor } from '../runtime/replica-executor.ts';
import { SampleReader } from '../runtime/samples.ts';
import { ServerExecutor, withShard } from '../runtime/server-executor.ts';
import type { SampleSources } from '../runtime/samples.ts';
import { Newcomer } from './newcomer.ts';
import type { Recovery } from './recovery.ts';
import type { ServerSettings } from './server-flags.ts';
import { WorkerExecutor } from './worker-executor.ts';

export const architectures = ['ring', 'parameter-server', 'all-reduce'] as const;
export type Architecture = (typeof architectures)[number];

/** A node and what computes for it. */
export interface Machine {
  readonly node: Node;
  readonly executor: Executor;
}

/** What a master of any architecture begins with. */
export interface MasterRequest {
  readonly architecture: Architecture;
  readonly training: ResolvedTraining;
  readonly purpose: Purpose;
  readonly course: Course;
  readonly samples: SampleSources;
  /** Nodes besides the master. */
  readonly workers: number;
  readonly isLocal: boolean;
  /** What every hop of a ring can do, where it is known. */
  readonly hop?: Hop;
  readonly loadedStep?: number;
  /** What an earlier part of the same run has told already. */
  readonly told?: Told;
  /** With it, a ring outlives the loss of nodes. */
  readonly recovery?: Recovery;
  /** With a parameter server: how it is set up. */
  readonly server?: ServerSettings;
}

type Capabilities = Omit<MessageOf<'join'>, 'type' | 'address'>;

/**
 * Tells before anyone is waited for that there are more nodes than can be of use; those that are only
 * servers take no share of a batch. Errors: TOO_MANY_NODES.
 */
export function requireFewEnough(
  architecture: Architecture,
  { resolved }: ResolvedTraining,
  nodes: number,
  servers: Servers = 'colocated',
): void {
  const workers = servers === 'colocated' ? nodes : nodes - servers;
  if (architecture === 'ring') {
    const trainable = resolved.layers.filter(({ parameters }) => parameters.length > 0);
    const usable = Math.max(1, trainable.length);
    const limit =
      usable === 1
        ? 'the model has 1 layer with parameters, so it trains on one node only'
        : `the model has ${usable} layers with parameters, so a ring can use at most ${usable} nodes`;
    if (nodes > usable)
      throw new RingError(
        'TOO_MANY_NODES',
        `${limit}, not ${usable === 1 ? 'on ' : ''}${nodes}: ask for fewer nodes or add layers`,
      );
  } else requireRows(resolved.batch, workers);
}

export function createMaster(
  request: MasterRequest,
  engine: Engine,
  capabilities: Capabilities,
): Machine {
  switch (request.architecture) {
    case 'ring':
      return ringMaster(request, engine, capabilities);
    case 'all-reduce':
      return allReduceMaster(request, engine, capabilities);
    case 'parameter-server':
      return serverMaster(request, engine, capabilities);
  }
}

/** A node that becomes what its master tells it to be. */
export function createWorker(join: MessageOf<'join'>, engine: Engine): Machine {
  return {
    node: new Newcomer(new Worker(join), {
      enrol: () => new AllReduceWorker(join),
      appoint: () => new Member(join),
    }),
    executor: new WorkerExecutor(engine),
  };
}

function ringMaster(request: MasterRequest, engine: Engine, capabilities: Capabilities): Machine {
  const { training, purpose, course, samples, workers, isLocal, hop, loadedStep } = request;
  const { rows } = training.resolved;
  const node = new Master({
    ...common(training),
    training: ringTraining(training),
    purpose,
    course,
    rows,
    workers,
    capabilities,
    layersWithParameters: layersKept(training),
    cut: (members) => cutStages({ training, members, purpose, isLocal, ...(hop && { hop }) }),
    pace: paceOf(training),
    ...(loadedStep !== undefined && { loadedStep }),
    ...request.recovery,
  });
  return { node, executor: new EngineExecutor(engine, new SampleReader(samples)) };
}

/** What a step costs, by layer: for who is slower than it said. */
const paceOf = (training: ResolvedTraining): PaceOptions => ({
  steps: training.resolved.steps,
  layers: layerCosts(training).map(
    ({ forwardFlops, backwardFlops, weightFlops, parameterBytes, optimizerBytes }) => ({
      operations: (forwardFlops + backwardFlops + weightFlops) * training.resolved.microbatches,
      bytes: parameterBytes + optimizerBytes,
    }),
  ),
});

function allReduceMaster(
  { training, course, samples, workers, loadedStep, told }: MasterRequest,
  engine: Engine,
  capabilities: Capabilities,
): Machine {
  const sources = trainingSamples(samples);
  const node = new AllReduceMaster({
    ...common(training),
    training: ringTraining(training),
    course,
    workers,
    capabilities,
    data: dataOf(training, sources.order),
    ...(loadedStep !== undefined && { loadedStep }),
    ...(told && { told }),
  });
  return { node, executor: new ReplicaExecutor(engine, () => sources.order, sources) };
}

function serverMaster(
  { training, course, samples, workers, server, loadedStep, told }: MasterRequest,
  engine: Engine,
  capabilities: Capabilities,
): Machine {
  const sources = trainingSamples(samples);
  const node = new ServerMaster({
    ...common(training),
    ...server!,
    training: ringTraining(training),
    course,
    devices: workers,
    capabilities,
    data: dataOf(training, sources.order),
    ...(loadedStep !== undefined && { loadedStep }),
    ...(told && { told }),
  });
  const replica = new ReplicaExecutor(engine, () => sources.order, sources);
  return { node, executor: withShard(new ServerExecutor(engine), replica) };
}

/** What is to be shipped to workers that hold the whole model. */
const dataOf = (
  { resolved: { data, steps } }: ResolvedTraining,
  order: NonNullable<SampleSources['order']>,
) => ({
  order,
  trainCount: data.trainCount,
  sampleBytes: 4 * (elementCount(data.inputShape) + elementCount(data.target.shape)),
  steps,
});

/** Errors: USAGE when there is nothing to train on. */
function trainingSamples({ train, order, evaluate }: SampleSources): {
  readonly train: Dataset;
  readonly order: NonNullable<SampleSources['order']>;
  readonly evaluate?: Dataset;
} {
  if (!train || !order)
    throw new RingError('USAGE', 'a trained model is used over a ring: leave out the architecture');
  return { train, order, ...(evaluate && { evaluate }) };
}

/** What every master needs to end a step. */
function common(training: ResolvedTraining) {
  const { steps } = training.resolved;
  return {
    schedule: (step: number, factor: number, update = step) => {
      const learningRate = learningRateAt(training.learningRate, step, steps);
      return {
        learningRate,
        scalars: [...updateScalars(training, update + 1, learningRate, factor)],
      };
    },
    ...(training.clipNorm !== undefined && { clipNorm: training.clipNorm }),
  };
}
