// An all-reduce of devices that compute nothing, for tests of the schedule: chosen blocks and links.

import { AllReduceMaster } from '../../src/all-reduce/master.ts';
import { AllReduceWorker } from '../../src/all-reduce/worker.ts';
import { trainingCourse } from '../../src/machine/course.ts';
import { parseTraining, resolveTraining, ringTraining } from '../../src/model/training.ts';
import { masterId } from '../../src/node.ts';
import type { Block, NodeId, Work } from '../../src/node.ts';
import { CostedReplica } from '../../src/simulator/costed-replica.ts';
import { simulate } from '../../src/simulator/simulator.ts';
import type {
  LinkCost,
  SimulatedDevice,
  Simulation,
  SimulationOptions,
} from '../../src/simulator/simulator.ts';

export interface CostedGroup {
  readonly nodes: number;
  /** Elements of each block's parameters. */
  readonly blocks: readonly number[];
  readonly steps?: number;
  readonly batch?: number;
  readonly microbatches?: number;
  readonly group?: number;
  readonly testCount?: number;
  readonly trainCount?: number;
  readonly link?: (from: NodeId, to: NodeId) => LinkCost;
  readonly seconds?: (work: Work, node: NodeId) => number;
  readonly at?: SimulationOptions['at'];
}

/** Forward, backward and weights of a block take a second each; the rest nothing. */
export const unitSeconds = (work: Work): number => {
  if (work.kind === 'forwardBlock' || work.kind === 'backwardBlock') return 1;
  if (work.kind === 'weightsBlock') return work.count;
  return work.kind === 'lossBlock' ? 2 : 0;
};

const fast: LinkCost = { latencySeconds: 0, bytesPerSecond: Infinity };

export function runCostedGroup(group: CostedGroup): Promise<Simulation> {
  const { nodes, blocks, steps = 1, batch = nodes, microbatches = 1, testCount = 0 } = group;
  const { trainCount = batch * 2 } = group;
  const model = [...blocks.keys()].map(() => ({ layer: 'dense', units: 2 }));
  const data = { inputShape: [3], target: { type: 'int32', shape: [] }, trainCount } as const;
  const file = { data: { kind: 'digits' }, model, batch, microbatches, steps };
  const training = resolveTraining(
    parseTraining({ ...file, loss: 'softmaxCrossEntropy', optimizer: { kind: 'sgd' } }, 'test'),
    data,
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
  const master = new AllReduceMaster({
    training: ringTraining(training),
    course: trainingCourse({ trainCount, testCount, batch, steps }),
    workers: nodes - 1,
    capabilities: capabilities(masterId),
    data: {
      order: (step) => Array.from({ length: batch }, (_, row) => (step * batch + row) % trainCount),
      trainCount,
      sampleBytes,
      steps,
    },
    schedule: () => ({ learningRate: 1, scalars: [1] }),
  });
  const shape = blocks.map((count, block): Block => ({
    group: group.group ?? 1,
    parameters: [{ name: `${block}.weight`, count }],
  }));
  const devices = new Map<NodeId, SimulatedDevice>();
  const add = (id: NodeId, node: SimulatedDevice['node']): void => {
    const seconds = (work: Work): number => (group.seconds ?? unitSeconds)(work, id);
    devices.set(id, { node, executor: new CostedReplica(shape, sampleBytes), seconds });
  };
  add(masterId, master);
  for (let k = 1; k < nodes; k += 1) {
    const id = `worker-${k}`;
    add(id, new AllReduceWorker({ type: 'join', ...capabilities(id), address: `${id}:1` }));
  }
  return simulate({ devices, link: group.link ?? (() => fast), ...(group.at && { at: group.at }) });
}
