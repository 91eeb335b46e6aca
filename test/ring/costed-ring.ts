// A ring of devices that compute nothing, for tests of the schedule: unit times, chosen windows,
// groups and links.

import type { NodeId, Place, Stage, Work, WorkResult } from '../../src/node.ts';
import { masterId } from '../../src/node.ts';
import { trainingCourse } from '../../src/machine/course.ts';
import { Master } from '../../src/ring/master.ts';
import type { MasterOptions } from '../../src/ring/master.ts';
import { Worker } from '../../src/ring/worker.ts';
import { CostedExecutor } from '../../src/simulator/costed.ts';
import { simulate } from '../../src/simulator/simulator.ts';
import type {
  LinkCost,
  SimulatedDevice,
  Simulation,
  SimulationOptions,
} from '../../src/simulator/simulator.ts';

export interface CostedRing {
  readonly nodes: number;
  readonly microbatches: number;
  readonly window?: number;
  readonly groups?: readonly number[];
  readonly steps?: number;
  readonly testCount?: number;
  readonly latencySeconds?: number;
  readonly bytesPerSecond?: number;
  readonly seconds?: (work: Work, node: NodeId) => number;
  /** What the executor answers instead of `result`. */
  readonly answer?: (work: Work, result: WorkResult) => WorkResult;
  /** Instead of one latency for all links. */
  readonly latency?: (from: NodeId, to: NodeId) => number;
  readonly at?: SimulationOptions['at'];
  readonly record?: SimulationOptions['record'];
  readonly master?: Partial<MasterOptions>;
}

const engine = { kind: 'wasm', name: 'none', threads: 1 } as const;
const capabilities = { cores: 1, memoryBytes: 1, engine, flops: 1, version: '0' };

/** Forward, backward and weights of one microbatch take a second each; the rest nothing. */
export const unitSeconds = (work: Work): number => {
  if (work.kind === 'forward' || work.kind === 'backward') return 1;
  if (work.kind === 'weights') return work.count;
  if (work.kind === 'loss') return work.of.mode === 'train' ? 2 : 1;
  return 0;
};

/** The master and its workers, before anything has happened. */
export function costedDevices(ring: CostedRing): Map<NodeId, SimulatedDevice> {
  const { nodes, microbatches, window = microbatches, groups = [1], steps = 1 } = ring;
  const rows = 4;
  const batch = microbatches * rows;
  const stage = (place: Place, from: number): Stage => ({ place, from, to: from + 1, window });
  const cut = (): Stage[][] => {
    const workers = Array.from({ length: nodes - 1 }, (_, k) => [stage('inner', k + 1)]);
    const own =
      nodes === 1 ? [stage('closing', 0)] : [stage('opening', 0), stage('closing', nodes)];
    return [own, ...workers];
  };
  const master = new Master({
    training: {},
    purpose: 'train',
    layersWithParameters: Array.from({ length: nodes === 1 ? 1 : nodes + 1 }, (_, layer) => layer),
    rows,
    course: trainingCourse({ trainCount: batch * 2, testCount: ring.testCount ?? 0, batch, steps }),
    workers: nodes - 1,
    capabilities: { name: masterId, ...capabilities },
    cut,
    schedule: () => ({ learningRate: 1, scalars: [1] }),
    ...ring.master,
  });
  const devices = new Map<NodeId, SimulatedDevice>();
  const costs = { outputBytes: 1000, inputBytes: 1000, units: groups };
  const add = (id: NodeId, node: SimulatedDevice['node'], places: readonly Place[]): void => {
    const executor = new CostedExecutor(Object.fromEntries(places.map((place) => [place, costs])));
    const seconds = (work: Work): number => (ring.seconds ?? unitSeconds)(work, id);
    const answer = ring.answer ?? ((_, result) => result);
    const run = (work: Work): WorkResult => answer(work, executor.run(work));
    devices.set(id, { node, executor: { run }, seconds });
  };
  add(masterId, master, nodes === 1 ? ['closing'] : ['opening', 'closing']);
  for (let k = 1; k < nodes; k += 1) {
    const id = `worker-${k}`;
    const join = { type: 'join', name: id, ...capabilities, address: `${id}:1` } as const;
    add(id, new Worker(join), ['inner']);
  }
  return devices;
}

export function runCostedRing(ring: CostedRing): Promise<Simulation> {
  const devices = costedDevices(ring);
  const { latencySeconds = 0, bytesPerSecond = Infinity } = ring;
  const latency = ring.latency ?? (() => latencySeconds);
  const link = (from: NodeId, to: NodeId): LinkCost => ({
    latencySeconds: latency(from, to),
    bytesPerSecond,
  });
  const { at, record } = ring;
  return simulate({ devices, link, ...(at && { at }), ...(record && { record }) });
}
