// A parameter server of devices that compute nothing, for tests of the schedule: unit times and chosen
// links. The model is three dense layers of the same size.

import { trainingCourse } from '../../src/machine/course.ts';
import { parseTraining, resolveTraining, ringTraining } from '../../src/model/training.ts';
import { masterId } from '../../src/node.ts';
import type { Block, NodeId, Work } from '../../src/node.ts';
import type { Consistency } from '../../src/parameter-server/consistency.ts';
import type { Servers } from '../../src/parameter-server/enrolment.ts';
import { Master } from '../../src/parameter-server/master.ts';
import { Member } from '../../src/parameter-server/member.ts';
import { CostedReplica } from '../../src/simulator/costed-replica.ts';
import { CostedShard } from '../../src/simulator/costed-shard.ts';
import { simulate } from '../../src/simulator/simulator.ts';
import type {
  LinkCost,
  SimulatedDevice,
  Simulation,
  SimulationOptions,
} from '../../src/simulator/simulator.ts';

export interface CostedServer {
  readonly nodes: number;
  readonly servers: Servers;
  readonly consistency: Consistency;
  readonly steps?: number;
  readonly batch?: number;
  readonly microbatches?: number;
  readonly trainCount?: number;
  readonly testCount?: number;
  readonly clipNorm?: number;
  readonly link?: (from: NodeId, to: NodeId) => LinkCost;
  readonly seconds?: (work: Work, node: NodeId) => number;
  readonly at?: SimulationOptions['at'];
}

/** Of each layer's parameters: 100 x 100 and 100. */
export const layerBytes = 4 * 10_100;

/** Forward, backward and weights of a block take a second each; the rest nothing. */
export const unitSeconds = (work: Work): number => {
  if (work.kind === 'forwardBlock' || work.kind === 'backwardBlock') return 1;
  if (work.kind === 'weightsBlock') return work.count;
  return work.kind === 'lossBlock' ? 2 : 0;
};

const fast: LinkCost = { latencySeconds: 0, bytesPerSecond: Infinity };

export function runCostedServer(run: CostedServer): Promise<Simulation> {
  const { nodes, steps = 1, batch = nodes, microbatches = 1, testCount = 0 } = run;
  const { trainCount = batch * 2 } = run;
  const dense = { layer: 'dense', units: 100 };
  const training = resolveTraining(
    parseTraining(
      {
        data: { kind: 'digits' },
        model: [dense, dense, dense],
        loss: 'softmaxCrossEntropy',
        optimizer: { kind: 'sgd' },
        batch,
        microbatches,
        steps,
      },
      'test',
    ),
    { inputShape: [100], target: { type: 'int32', shape: [] }, trainCount },
  );
  const capabilities = (name: string) => ({
    name,
    cores: 1,
    memoryBytes: 1,
    flops: 1,
    version: '0',
    engine: { kind: 'wasm', name: 'none', threads: 1 } as const,
  });
  const sampleBytes = 1000;
  const master = new Master({
    training: ringTraining(training),
    course: trainingCourse({ trainCount, testCount, batch, steps }),
    devices: nodes - 1,
    servers: run.servers,
    consistency: run.consistency,
    capabilities: capabilities(masterId),
    data: {
      order: (step) => Array.from({ length: batch }, (_, row) => (step * batch + row) % trainCount),
      trainCount,
      sampleBytes,
      steps,
    },
    schedule: () => ({ learningRate: 1, scalars: [1, 1] }),
    ...(run.clipNorm !== undefined && { clipNorm: run.clipNorm }),
  });
  const blocks = [0, 1, 2].map((block): Block => ({
    group: 1,
    parameters: [{ name: `${block}.weight`, count: layerBytes / 4 }],
  }));
  const devices = new Map<NodeId, SimulatedDevice>();
  const add = (id: NodeId, node: SimulatedDevice['node']): void => {
    const executor = new CostedShard(new CostedReplica(blocks, sampleBytes));
    const seconds = (work: Work): number => (run.seconds ?? unitSeconds)(work, id);
    devices.set(id, { node, executor, seconds });
  };
  add(masterId, master);
  for (let k = 1; k < nodes; k += 1) {
    const id = `worker-${k}`;
    add(id, new Member({ type: 'join', ...capabilities(id), address: `${id}:1` }));
  }
  return simulate({ devices, link: run.link ?? (() => fast), ...(run.at && { at: run.at }) });
}
