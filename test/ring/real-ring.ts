// A ring of simulated devices that really compute: the nodes, executors and engines of the product over
// virtual links. For tests of exactness against other numbers of nodes and against PyTorch.

import { createSampler } from '../../src/data/index.ts';
import { RingError } from '../../src/errors.ts';
import { createInlineEngine } from '../../src/engine/inline.ts';
import type { Shape } from '../../src/graph/graph.ts';
import { learningRateAt } from '../../src/model/learning-rate.ts';
import { updateScalars } from '../../src/model/stage.ts';
import { parseTraining, resolveTraining, ringTraining } from '../../src/model/training.ts';
import type { ResolvedTraining } from '../../src/model/training.ts';
import { masterId } from '../../src/node.ts';
import type { Event, Executor, NodeId, Payload, Stage, Work, WorkResult } from '../../src/node.ts';
import type { Dataset, Engine } from '../../src/ports.ts';
import { tensorPayload } from '../../src/protocol/messages.ts';
import type { TensorPayload } from '../../src/protocol/messages.ts';
import { evaluationCourse, trainingCourse } from '../../src/machine/course.ts';
import type { Cutter } from '../../src/ring/formation.ts';
import { Master } from '../../src/ring/master.ts';
import { Worker } from '../../src/ring/worker.ts';
import { EngineExecutor } from '../../src/runtime/executor.ts';
import { SampleReader } from '../../src/runtime/samples.ts';
import { simulate } from '../../src/simulator/simulator.ts';
import type {
  SimulatedDevice,
  Simulation,
  SimulationOptions,
} from '../../src/simulator/simulator.ts';
import type { Disk } from '../../src/simulator/disk.ts';

export interface RealRing {
  readonly training: object;
  readonly train: Dataset;
  readonly test?: Dataset;
  readonly nodes: number;
  readonly window?: number;
  /** Parameters to begin from, by name. */
  readonly initial?: ReadonlyMap<string, Float32Array>;
  /** Batches in file order, wrapping round, instead of shuffled. */
  readonly inOrder?: boolean;
  /** Only evaluate `test`. */
  readonly purpose?: 'train' | 'use';
  readonly engine?: () => Promise<Engine>;
  readonly latencySeconds?: number;
  /** Of every work. */
  readonly seconds?: number;
  /** Its nodes keep copies of layers and survive each other. */
  readonly run?: string;
  readonly replicateEvery?: number;
  /** Layers are cut by this, and moved away from who is slower than it said. */
  readonly cut?: Cutter;
  /** So many further devices are there, and come in when a fault says `start`. */
  readonly late?: number;
  readonly faults?: SimulationOptions['faults'];
  /** Which copies cannot be read back, on which device. */
  readonly isDamaged?: (device: NodeId, step: number, layer: number) => boolean;
  readonly at?: SimulationOptions['at'];
  readonly watch?: SimulationOptions['watch'];
}

export interface RealOutcome extends Simulation {
  readonly losses: readonly number[];
  readonly parameters: ReadonlyMap<string, Float32Array>;
}

export const resolve = ({ training, train, test }: RealRing): ResolvedTraining =>
  resolveTraining(parseTraining({ data: { kind: 'digits' }, ...training }, 'test'), {
    inputShape: train.inputShape,
    target: train.target!,
    trainCount: train.count,
    ...(test ? { testCount: test.count } : {}),
  });

/** Cuts the layers evenly: the cut must not matter. */
export function cutEvenly(resolved: ResolvedTraining, nodes: number, window: number): Stage[][] {
  const { layers } = resolved.resolved;
  const starts = layers.flatMap(({ parameters }, layer) => (parameters.length > 0 ? [layer] : []));
  if (nodes > starts.length) throw new RingError('TOO_MANY_NODES', 'there are not enough layers');
  const stages = nodes === 1 ? 1 : nodes + 1;
  const border = (k: number): number => {
    if (k === 0) return 0;
    return k === stages
      ? layers.length
      : (starts[Math.floor((k * starts.length) / stages)] ?? layers.length);
  };
  const stage = (place: Stage['place'], k: number): Stage => ({
    place,
    from: border(k),
    to: border(k + 1),
    window,
  });
  if (nodes === 1) return [[stage('closing', 0)]];
  const workers = Array.from({ length: nodes - 1 }, (_, k) => [stage('inner', k + 1)]);
  return [[stage('opening', 0), stage('closing', nodes)], ...workers];
}

export async function runRealRing(ring: RealRing): Promise<RealOutcome> {
  const { nodes, train, test, purpose = 'train', latencySeconds = 1e-4 } = ring;
  const resolved = resolve(ring);
  const { batch, rows, microbatches, steps, layers } = resolved.resolved;
  const sampler = createSampler(train.count, batch);
  const inOrder = (step: number): number[] =>
    Array.from({ length: batch }, (_, k) => (step * batch + k) % train.count);
  const { stepsPerEpoch } = sampler;
  const shuffled = (step: number): Uint32Array =>
    sampler.batchIndices(resolved.seed, Math.floor(step / stepsPerEpoch), step % stepsPerEpoch);
  const samples = new SampleReader({
    train,
    order: ring.inOrder ? inOrder : shuffled,
    ...(test ? { evaluate: test } : {}),
  });
  const capabilities = { cores: 1, memoryBytes: 1e9, flops: 1e9, version: '0' };
  const engines: Engine[] = [];
  const device = async (
    name: NodeId,
    node: SimulatedDevice['node'],
    reader?: SampleReader,
  ): Promise<SimulatedDevice> => {
    const engine = await (ring.engine ?? createInlineEngine)();
    engines.push(engine);
    const read = (event: Event): Event => {
      if (event.type !== 'recalled' || !ring.isDamaged?.(name, event.step, event.layer))
        return event;
      return { type: 'recalled', step: event.step, layer: event.layer };
    };
    return {
      node: { receive: (event) => node.receive(read(event)) },
      executor: new Copying(new EngineExecutor(engine, reader)),
      seconds: () => ring.seconds ?? 1e-3,
    };
  };
  const testCount = test?.count ?? 0;
  const load = purpose === 'use' || ring.initial !== undefined;
  const master = new Master({
    training: ringTraining(resolved),
    purpose,
    layersWithParameters: layers.flatMap(({ parameters }, layer) =>
      parameters.length > 0 ? [layer] : [],
    ),
    rows,
    course:
      purpose === 'use'
        ? evaluationCourse(testCount, 0)
        : trainingCourse({ trainCount: train.count, testCount, batch, steps }),
    workers: nodes - 1,
    capabilities: {
      name: masterId,
      engine: { kind: 'wasm', name: 'wasm', threads: 1 },
      ...capabilities,
    },
    cut: ({ length }) => cutEvenly(resolved, length, ring.window ?? microbatches),
    schedule: (step, factor) => {
      const learningRate = learningRateAt(resolved.learningRate, step, steps);
      return {
        learningRate,
        scalars: [...updateScalars(resolved, step + 1, learningRate, factor)],
      };
    },
    ...(resolved.clipNorm === undefined ? {} : { clipNorm: resolved.clipNorm }),
    ...(load ? { loadedStep: 0 } : {}),
    ...(ring.run === undefined ? {} : { run: ring.run }),
    ...(ring.cut && {
      cut: ring.cut,
      pace: { steps, layers: layers.map(() => ({ operations: 1, bytes: 1 })) },
    }),
    ...(ring.replicateEvery === undefined ? {} : { replicateEvery: ring.replicateEvery }),
  });
  const devices = new Map<NodeId, SimulatedDevice>([
    [masterId, await device(masterId, master, samples)],
  ]);
  for (let k = 1; k < nodes + (ring.late ?? 0); k += 1) {
    const name = `worker-${k}`;
    const engine = { kind: 'wasm', name: 'wasm', threads: 1 } as const;
    const join = { type: 'join', name, engine, address: name, ...capabilities } as const;
    const again = (disk: Disk) => device(name, new Worker({ ...join, ...held(disk) }));
    const isLate = k >= nodes && ({ isLate: true } as const);
    devices.set(name, { ...(await device(name, new Worker(join))), again, ...isLate });
  }
  const simulation = await simulate({
    devices,
    link: () => ({ latencySeconds, bytesPerSecond: 1e8 }),
    ...(ring.faults && { faults: ring.faults }),
    ...(ring.at && { at: ring.at }),
    ...(ring.watch && { watch: ring.watch }),
    bounds: { seconds: 1e5, actions: 1e6 },
    ...(ring.initial ? { store: asStore(ring.initial) } : {}),
  });
  for (const engine of engines) await engine.close();
  return {
    ...simulation,
    losses: lossesOf(simulation),
    parameters: parametersOf(simulation.store),
  };
}

/** What a worker that begins again says of its disk. */
const held = ({ run, snapshots }: Disk) => ({
  ...(run !== undefined && { run }),
  holds: [...snapshots].map(([step, layers]) => ({ step, layers: [...layers.keys()] })),
});

/** The simulator delivers later than the engine reuses its memory: what is sent must be a copy. */
export class Copying implements Executor {
  readonly #executor: Executor;

  constructor(executor: Executor) {
    this.#executor = executor;
  }

  async run(work: Work): Promise<WorkResult> {
    const result = await this.#executor.run(work);
    if (!result.payload) return result;
    const { tensors } = result.payload as TensorPayload;
    return {
      ...result,
      payload: tensorPayload(tensors.map((t) => ({ ...t, bytes: t.bytes.slice() }))),
    };
  }
}

const lossesOf = ({ reports }: Simulation): number[] =>
  reports.flatMap((report) => (report.kind === 'step' ? [report.loss] : []));

function parametersOf(store: ReadonlyMap<number, Payload>): Map<string, Float32Array> {
  const tensors = [...store.values()].flatMap((payload) => (payload as TensorPayload).tensors);
  return new Map(tensors.map(({ name, bytes }) => [name, new Float32Array(bytes.slice().buffer)]));
}

function asStore(parameters: ReadonlyMap<string, Float32Array>): Map<number, Payload> {
  const layers = new Map<
    number,
    { name: string; type: { type: 'float32'; shape: Shape }; bytes: Uint8Array }[]
  >();
  for (const [name, values] of parameters) {
    const layer = Number.parseInt(name, 10);
    const bytes = new Uint8Array(values.slice().buffer);
    const tensor = { name, type: { type: 'float32' as const, shape: [values.length] }, bytes };
    layers.set(layer, [...(layers.get(layer) ?? []), tensor]);
  }
  return new Map([...layers].map(([layer, tensors]) => [layer, tensorPayload(tensors)]));
}
