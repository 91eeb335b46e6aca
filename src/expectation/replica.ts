// Nodes that hold the whole model: all-reduce, and a parameter server with its shards.

import { AllReduceMaster } from '../all-reduce/master.ts';
import { AllReduceWorker } from '../all-reduce/worker.ts';
import { requireRows, sharePartsOf } from '../data-parallel/share.ts';
import { elementCount } from '../graph/graph.ts';
import { trainingCourse } from '../machine/course.ts';
import { blocksOf, withShare } from '../machine/replica-blocks.ts';
import { layerCosts } from '../model/layer-costs.ts';
import { ringTraining } from '../model/training.ts';
import type { RingTraining } from '../model/training.ts';
import type { Block } from '../node.ts';
import type { Servers } from '../parameter-server/enrolment.ts';
import { shardKeys } from '../parameter-server/keys.ts';
import { Master } from '../parameter-server/master.ts';
import { Member } from '../parameter-server/member.ts';
import { layerBytes } from '../plan/memory.ts';
import { CostedReplica } from '../simulator/costed-replica.ts';
import { CostedShard } from '../simulator/costed-shard.ts';
import type { ExpectedNode, ExpectedNodes } from './figures.ts';
import {
  capabilitiesOf,
  commonOf,
  courseSizeOf,
  joinOf,
  playScene,
  simulatedSteps,
} from './scene.ts';
import type { Setting } from './setting.ts';
import { StageDemands } from './stage-demands.ts';
import { replicaDemand } from './work-demands.ts';
import type { WorkDemand } from './work-demands.ts';

/** Errors: TOO_MANY_NODES. */
export async function expectAllReduce(setting: Setting): Promise<ExpectedNodes> {
  const { nodes } = setting;
  const replica = replicaOf(setting, nodes);
  const { executor, demand } = replica;
  const master = new AllReduceMaster({
    ...commonOf(setting),
    training: ringTraining(setting.training),
    course: trainingCourse(courseSizeOf(setting)),
    workers: nodes - 1,
    capabilities: capabilitiesOf(setting, 'master'),
    data: dataOf(setting),
  });
  const played = await playScene(
    setting,
    Array.from({ length: nodes }, (_, index) => ({
      node: index === 0 ? master : new AllReduceWorker(joinOf(setting, index)),
      executor,
      demand,
    })),
  );
  return played.map((each, index) => ({
    role: index === 0 ? 'master' : 'worker',
    stages: [],
    tensorBytes: replica.tensorBytes,
    sampleBytes: index === 0 ? 0 : replica.sampleBytes,
    ...each,
  }));
}

/** Synchronous, the only kind whose steps are the others' steps. Errors: TOO_MANY_NODES. */
export async function expectServer(setting: Setting, servers: Servers): Promise<ExpectedNodes> {
  const { nodes, training } = setting;
  const workers = servers === 'colocated' ? nodes : nodes - servers;
  const shards = servers === 'colocated' ? nodes : servers;
  const replica = replicaOf(setting, workers);
  const master = new Master({
    ...commonOf(setting),
    training: ringTraining(training),
    course: trainingCourse(courseSizeOf(setting)),
    devices: nodes - 1,
    servers,
    consistency: { kind: 'bsp' },
    capabilities: capabilitiesOf(setting, 'master'),
    data: dataOf(setting),
  });
  const played = await playScene(
    setting,
    Array.from({ length: nodes }, (_, index) => ({
      node: index === 0 ? master : new Member(joinOf(setting, index)),
      executor: new CostedShard(replica.executor),
      demand: replicaDemand(replica.training, replica.blocks),
    })),
  );
  const shardBytes = shardBytesOf(setting, shards);
  return played.map((each, index): ExpectedNode => {
    const isWorker = index < workers;
    const shard = servers === 'colocated' ? index : index - workers;
    const isServer = shard >= 0;
    const worker = index === 0 ? 'master' : 'worker';
    return {
      role: isWorker ? (isServer ? `${worker} and server` : worker) : 'server',
      stages: [],
      tensorBytes: (isWorker ? replica.tensorBytes : 0) + (isServer ? shardBytes[shard]! : 0),
      sampleBytes: isWorker && index > 0 ? replica.sampleBytes : 0,
      ...each,
    };
  });
}

interface Replica {
  readonly training: RingTraining;
  readonly blocks: readonly StageDemands[];
  readonly executor: CostedReplica;
  readonly demand: WorkDemand;
  readonly tensorBytes: number;
  readonly sampleBytes: number;
}

function replicaOf({ training: whole }: Setting, workers: number): Replica {
  const { batch, microbatches, data, steps, stepsPerEpoch } = whole.resolved;
  requireRows(batch, workers);
  const share = sharePartsOf(batch, microbatches, workers);
  const training = withShare(ringTraining(whole), share.rows, share.microbatches);
  const blocks = blocksOf(training).map((stage) => new StageDemands(training, stage));
  const described = blocks.map(({ units, parameters }): Block => ({
    group: units[0] ?? 1,
    parameters: parameters.map(({ name, type }) => ({ name, count: elementCount(type.shape) })),
  }));
  // What passes from block to block has one place, its gradient two.
  const passing = blocks.reduce((sum, { outputBytes }) => sum + 3 * outputBytes, 0);
  const held = layerCosts(training).reduce(
    (sum, layer) => sum + layerBytes(layer, 1, share.microbatches),
    0,
  );
  // Of each epoch's order a worker needs other samples, and each is shipped once.
  const epochs = Math.ceil(steps / stepsPerEpoch);
  const needed = 1 - (1 - 1 / workers) ** epochs;
  return {
    training,
    blocks,
    executor: new CostedReplica(described, sampleBytesOf(whole)),
    demand: replicaDemand(training, blocks),
    tensorBytes: held + passing,
    sampleBytes: needed * data.trainCount * sampleBytesOf(whole),
  };
}

/** Of each shard: parameters, two places for their gradients, and the optimizer's state. */
function shardBytesOf({ training }: Setting, shards: number): readonly number[] {
  const described = ringTraining(training);
  const costs = layerCosts(described);
  const bytes = Array.from({ length: shards }, () => 0);
  for (const { layer, shard, slices } of shardKeys(described, shards)) {
    const held = slices.reduce((sum, { count }) => sum + 4 * count, 0);
    const { optimizerBytes, parameterBytes } = costs[layer]!;
    bytes[shard]! += held * (3 + optimizerBytes / parameterBytes);
  }
  return bytes;
}

const sampleBytesOf = ({ resolved: { data } }: Setting['training']): number =>
  4 * (elementCount(data.inputShape) + elementCount(data.target.shape));

function dataOf({ training }: Setting) {
  const { batch } = training.resolved;
  return {
    order: (step: number) => Array.from({ length: batch }, (_, row) => step * batch + row),
    trainCount: batch * simulatedSteps,
    sampleBytes: sampleBytesOf(training),
    steps: simulatedSteps,
  };
}
