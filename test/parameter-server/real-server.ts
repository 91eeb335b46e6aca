// Simulated devices with a parameter server that really compute: nodes, executors and engines of the
// product over virtual links.

import { createSampler } from '../../src/data/index.ts';
import { createInlineEngine } from '../../src/engine/inline.ts';
import { trainingCourse } from '../../src/machine/course.ts';
import { learningRateAt } from '../../src/model/learning-rate.ts';
import { updateScalars } from '../../src/model/stage.ts';
import { parseTraining, resolveTraining, ringTraining } from '../../src/model/training.ts';
import type { ResolvedTraining } from '../../src/model/training.ts';
import { masterId } from '../../src/node.ts';
import type { Effect, Event, Executor, Node, NodeId, Work, WorkResult } from '../../src/node.ts';
import type { Consistency } from '../../src/parameter-server/consistency.ts';
import type { Servers } from '../../src/parameter-server/enrolment.ts';
import { Master } from '../../src/parameter-server/master.ts';
import type { MasterOptions } from '../../src/parameter-server/master.ts';
import { Member } from '../../src/parameter-server/member.ts';
import type { Dataset, Engine } from '../../src/ports.ts';
import { tensorPayload } from '../../src/protocol/messages.ts';
import type { TensorPayload } from '../../src/protocol/messages.ts';
import { ReplicaExecutor } from '../../src/runtime/replica-executor.ts';
import { ServerExecutor, withShard } from '../../src/runtime/server-executor.ts';
import { simulate } from '../../src/simulator/simulator.ts';
import type { Disk } from '../../src/simulator/disk.ts';
import type {
  SimulatedDevice,
  SimulatedProcess,
  Simulation,
  SimulationOptions,
} from '../../src/simulator/simulator.ts';

export interface RealServer {
  readonly training: object;
  readonly train: Dataset;
  readonly test?: Dataset;
  readonly nodes: number;
  readonly servers: Servers;
  readonly consistency: Consistency;
  readonly seconds?: (work: Work, node: NodeId) => number;
  /** So many further devices are there, and come in when a fault says `start`. */
  readonly late?: number;
  readonly faults?: SimulationOptions['faults'];
  readonly at?: SimulationOptions['at'];
  readonly every?: SimulationOptions['every'];
  readonly watch?: SimulationOptions['watch'];
  /** When one device more comes, `latecomer`. */
  readonly latecomerSeconds?: number;
  /** Sees every message that arrives. */
  readonly observe?: (node: NodeId, event: Event) => void;
}

export interface RealOutcome extends Simulation {
  readonly losses: readonly number[];
  readonly parameters: ReadonlyMap<string, Float32Array>;
}

const resolve = ({ training, train, test }: RealServer): ResolvedTraining =>
  resolveTraining(parseTraining({ data: { kind: 'digits' }, ...training }, 'test'), {
    inputShape: train.inputShape,
    target: train.target!,
    trainCount: train.count,
    ...(test ? { testCount: test.count } : {}),
  });

export async function runRealServer(run: RealServer): Promise<RealOutcome> {
  const { nodes, train, test, servers, consistency } = run;
  const resolved = resolve(run);
  const { batch, steps, stepsPerEpoch } = resolved.resolved;
  const sampler = createSampler(train.count, batch);
  const order = (step: number): Uint32Array =>
    sampler.batchIndices(resolved.seed, Math.floor(step / stepsPerEpoch), step % stepsPerEpoch);
  const capabilities = { cores: 1, memoryBytes: 1e9, flops: 1e9, version: '0' };
  const engineInfo = { kind: 'wasm', name: 'wasm', threads: 1 } as const;
  const engines: Engine[] = [];
  const process = async (id: NodeId, node: Node): Promise<SimulatedProcess> => {
    const engine = await createInlineEngine();
    engines.push(engine);
    const sources = { train, ...(test ? { evaluate: test } : {}) };
    const replica = new ReplicaExecutor(engine, () => order, id === masterId ? sources : undefined);
    const executor = new Copying(withShard(new ServerExecutor(engine), replica));
    const receive = (event: Event): readonly Effect[] => {
      run.observe?.(id, event);
      return node.receive(event);
    };
    return { node: { receive }, executor };
  };
  const secondsOf = (id: NodeId) => (work: Work) => run.seconds?.(work, id) ?? 1e-3;
  const masterOf = (options: Partial<MasterOptions> = {}): Master =>
    new Master({
      training: ringTraining(resolved),
      devices: nodes - 1,
      servers,
      consistency,
      capabilities: { name: masterId, engine: engineInfo, ...capabilities },
      course: trainingCourse({
        trainCount: train.count,
        testCount: test?.count ?? 0,
        batch,
        steps,
      }),
      data: { order, trainCount: train.count, sampleBytes: 64, steps },
      schedule: (step, factor, update) => {
        const learningRate = learningRateAt(resolved.learningRate, step, steps);
        return {
          learningRate,
          scalars: [...updateScalars(resolved, update + 1, learningRate, factor)],
        };
      },
      ...(resolved.clipNorm === undefined ? {} : { clipNorm: resolved.clipNorm }),
      ...options,
    });
  const told = { step: 0, evaluated: -1 };
  const again = ({ checkpoint }: Disk, others: number): Promise<SimulatedProcess> =>
    process(
      masterId,
      masterOf({
        devices: others,
        told: { ...told },
        ...(checkpoint && { loadedStep: checkpoint.step }),
      }),
    );
  const seconds = secondsOf(masterId);
  const devices = new Map<NodeId, SimulatedDevice>([
    [masterId, { ...(await process(masterId, masterOf())), again, seconds }],
  ]);
  for (let k = 1; k < nodes + (run.late ?? 0); k += 1) {
    const name = `worker-${k}`;
    const join = {
      type: 'join',
      name,
      engine: engineInfo,
      address: name,
      ...capabilities,
    } as const;
    const member = () => process(name, new Member(join));
    const isLate = k >= nodes && ({ isLate: true } as const);
    devices.set(name, { ...(await member()), again: member, seconds: secondsOf(name), ...isLate });
  }
  const at = [...(run.at ?? [])];
  if (run.latecomerSeconds !== undefined) {
    const name = 'latecomer';
    const join = {
      type: 'join',
      name,
      engine: engineInfo,
      address: name,
      ...capabilities,
    } as const;
    const late = await process(name, new Member(join));
    const linked = { type: 'linked', node: masterId } as const;
    at.push({ seconds: run.latecomerSeconds, node: name, event: linked });
    // The simulator links everyone at the start.
    let links = 0;
    const receive = (event: Event): readonly Effect[] =>
      event.type === 'linked' && event.node === masterId && links++ === 0
        ? []
        : late.node.receive(event);
    devices.set(name, { ...late, node: { receive }, seconds: secondsOf(name) });
  }
  const simulation = await simulate({
    devices,
    link: () => ({ latencySeconds: 1e-4, bytesPerSecond: 1e8 }),
    at,
    ...(run.faults && { faults: run.faults }),
    ...(run.every && { every: run.every }),
    bounds: { seconds: 1e5, actions: 1e6 },
    watch: {
      told(time, device, event, effects) {
        run.watch?.told?.(time, device, event, effects);
        for (const effect of effects)
          if (effect.type !== 'report') continue;
          else if (effect.report.kind === 'step') told.step = effect.report.step;
          else if (effect.report.kind === 'evaluated') told.evaluated = effect.report.step;
      },
    },
  });
  for (const engine of engines) await engine.close();
  return {
    ...simulation,
    losses: simulation.reports.flatMap((each) => (each.kind === 'step' ? [each.loss] : [])),
    parameters: parametersOf(simulation),
  };
}

/** The simulator delivers later than the engine reuses its memory: what is sent must be a copy. */
class Copying implements Executor {
  readonly #executor: Executor;

  constructor(executor: Executor) {
    this.#executor = executor;
  }

  async run(work: Work): Promise<WorkResult> {
    const result = await this.#executor.run(work);
    if (!result.payload) return result;
    const { tensors } = result.payload as TensorPayload;
    const payload = tensorPayload(tensors.map((t) => ({ ...t, bytes: t.bytes.slice() })));
    result.payload.release?.();
    return { ...result, payload };
  }
}

function parametersOf({ store }: Simulation): Map<string, Float32Array> {
  const tensors = [...store.values()].flatMap((payload) => (payload as TensorPayload).tensors);
  return new Map(tensors.map(({ name, bytes }) => [name, new Float32Array(bytes.slice().buffer)]));
}
