// An all-reduce of real engines in one process: the simulator's clock and links, real numbers.

import { createInlineEngine } from '../../src/engine/inline.ts';
import { createSampler } from '../../src/data/index.ts';
import { elementCount } from '../../src/graph/graph.ts';
import { learningRateAt } from '../../src/model/learning-rate.ts';
import { updateScalars } from '../../src/model/stage.ts';
import { parseTraining, resolveTraining, ringTraining } from '../../src/model/training.ts';
import type { ResolvedTraining, RingTraining } from '../../src/model/training.ts';
import { masterId } from '../../src/node.ts';
import type { Executor, NodeId, Payload, Work, WorkResult } from '../../src/node.ts';
import type { Dataset, Engine } from '../../src/ports.ts';
import { tensorPayload } from '../../src/protocol/messages.ts';
import type { TensorPayload } from '../../src/protocol/messages.ts';
import { trainingCourse } from '../../src/machine/course.ts';
import { AllReduceMaster } from '../../src/all-reduce/master.ts';
import type { AllReduceOptions } from '../../src/all-reduce/master.ts';
import { AllReduceWorker } from '../../src/all-reduce/worker.ts';
import { ReplicaExecutor } from '../../src/runtime/replica-executor.ts';
import { simulate } from '../../src/simulator/simulator.ts';
import type { Disk } from '../../src/simulator/disk.ts';
import type {
  SimulatedDevice,
  SimulatedProcess,
  Simulation,
  SimulationOptions,
} from '../../src/simulator/simulator.ts';

export interface RealGroup {
  readonly training: object;
  readonly train: Dataset;
  readonly test?: Dataset;
  readonly nodes: number;
  readonly latencySeconds?: number;
  /** So many further devices are there, and come in when a fault says `start`. */
  readonly late?: number;
  /** Of every work. */
  readonly seconds?: number;
  readonly faults?: SimulationOptions['faults'];
  readonly at?: SimulationOptions['at'];
  readonly every?: SimulationOptions['every'];
  readonly watch?: SimulationOptions['watch'];
}

export interface GroupOutcome extends Simulation {
  readonly losses: readonly number[];
  readonly parameters: ReadonlyMap<string, Float32Array>;
  /** By device: all parameters at the end of each process. */
  readonly replicas: ReadonlyMap<NodeId, ReadonlyMap<string, Float32Array>>;
}

const order = ({ seed, resolved }: RingTraining) => {
  const { batch, data } = resolved;
  const sampler = createSampler(data.trainCount, batch);
  const { stepsPerEpoch } = sampler;
  return (step: number): Uint32Array =>
    sampler.batchIndices(seed, Math.floor(step / stepsPerEpoch), step % stepsPerEpoch);
};

export async function runRealGroup(group: RealGroup): Promise<GroupOutcome> {
  const { nodes, train, test, latencySeconds = 1e-4 } = group;
  const resolved: ResolvedTraining = resolveTraining(
    parseTraining({ data: { kind: 'digits' }, ...group.training }, 'test'),
    {
      inputShape: train.inputShape,
      target: train.target!,
      trainCount: train.count,
      ...(test && { testCount: test.count }),
    },
  );
  const { batch, steps, layers, data } = resolved.resolved;
  const engines: Engine[] = [];
  const executors = new Map<NodeId, ReplicaExecutor>();
  const process = async (id: NodeId, node: SimulatedDevice['node'], isMaster = false) => {
    const engine = await createInlineEngine();
    const sources = isMaster ? { train, ...(test && { evaluate: test }) } : undefined;
    const executor = new ReplicaExecutor(engine, order, sources);
    engines.push(engine);
    return { node, executor: new Copying(executor, () => executors.set(id, executor)) };
  };
  const described = (name: string) => ({
    name,
    cores: 1,
    memoryBytes: 1e9,
    flops: 1e9,
    version: '0',
    engine: { kind: 'wasm', name: 'wasm', threads: 1 } as const,
  });
  const withParameters = layers.flatMap(({ parameters }, layer) =>
    parameters.length > 0 ? [layer] : [],
  );
  const masterOf = (options: Partial<AllReduceOptions> = {}) =>
    new AllReduceMaster({
      training: ringTraining(resolved),
      course: trainingCourse({
        trainCount: train.count,
        testCount: test?.count ?? 0,
        batch,
        steps,
      }),
      workers: nodes - 1,
      capabilities: described(masterId),
      data: {
        order: order(resolved),
        trainCount: train.count,
        sampleBytes: 4 * (elementCount(data.inputShape) + elementCount(data.target.shape)),
        steps,
      },
      schedule: (step, factor) => {
        const learningRate = learningRateAt(resolved.learningRate, step, steps);
        return {
          learningRate,
          scalars: [...updateScalars(resolved, step + 1, learningRate, factor)],
        };
      },
      ...(resolved.clipNorm !== undefined && { clipNorm: resolved.clipNorm }),
      ...options,
    });
  const seconds = (): number => group.seconds ?? 1e-3;
  const told = { step: 0, evaluated: -1 };
  const againMaster = ({ checkpoint }: Disk, others: number): Promise<SimulatedProcess> =>
    process(
      masterId,
      masterOf({
        workers: others,
        told: { ...told },
        ...(checkpoint && { loadedStep: checkpoint.step }),
      }),
      true,
    );
  const devices = new Map<NodeId, SimulatedDevice>([
    [masterId, { ...(await process(masterId, masterOf(), true)), again: againMaster, seconds }],
  ]);
  for (let k = 1; k < nodes + (group.late ?? 0); k += 1) {
    const name = `worker-${k}`;
    const join = { type: 'join', ...described(name), address: name } as const;
    const worker = () => process(name, new AllReduceWorker(join));
    const isLate = k >= nodes && ({ isLate: true } as const);
    devices.set(name, { ...(await worker()), again: worker, seconds, ...isLate });
  }
  const simulation = await simulate({
    devices,
    link: () => ({ latencySeconds, bytesPerSecond: 1e8 }),
    ...(group.faults && { faults: group.faults }),
    ...(group.at && { at: group.at }),
    ...(group.every && { every: group.every }),
    bounds: { seconds: 1e5, actions: 1e6 },
    watch: {
      told(at, device, event, effects) {
        group.watch?.told?.(at, device, event, effects);
        for (const effect of effects)
          if (effect.type !== 'report') continue;
          else if (effect.report.kind === 'step') told.step = effect.report.step;
          else if (effect.report.kind === 'evaluated') told.evaluated = effect.report.step;
      },
    },
  });
  const replicas = new Map<NodeId, ReadonlyMap<string, Float32Array>>();
  for (const [id, executor] of executors) {
    if (!simulation.ends.has(id)) continue;
    const payloads: Payload[] = [];
    for (const layer of withParameters) {
      const { payload } = await executor.run({ kind: 'read', layer });
      payloads.push(payload!);
    }
    replicas.set(id, parametersOf(payloads));
  }
  for (const engine of engines) await engine.close();
  return {
    ...simulation,
    losses: simulation.reports.flatMap((each) => (each.kind === 'step' ? [each.loss] : [])),
    parameters: parametersOf([...simulation.store.values()]),
    replicas,
  };
}

/** The simulator delivers later than the engine reuses its memory: what is sent must be a copy. */
class Copying implements Executor {
  readonly #executor: Executor;
  readonly #prepared: () => void;

  constructor(executor: Executor, prepared: () => void) {
    this.#executor = executor;
    this.#prepared = prepared;
  }

  async run(work: Work): Promise<WorkResult> {
    if (work.kind === 'prepareReplica') this.#prepared();
    const { payload, payloads, ...result } = await this.#executor.run(work);
    return {
      ...result,
      ...(payload && { payload: copyOf(payload) }),
      ...(payloads && { payloads: payloads.map(copyOf) }),
    };
  }
}

const copyOf = (payload: Payload): Payload =>
  tensorPayload(
    (payload as TensorPayload).tensors.map((tensor) => ({
      ...tensor,
      bytes: tensor.bytes.slice(),
    })),
  );

function parametersOf(payloads: readonly Payload[]): Map<string, Float32Array> {
  const tensors = payloads.flatMap((payload) => (payload as TensorPayload).tensors);
  return new Map(tensors.map(({ name, bytes }) => [name, new Float32Array(bytes.slice().buffer)]));
}
