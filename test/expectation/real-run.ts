// A training by any architecture over real nodes, runners, engines and links in one process: devices are
// slow (paced-engine.ts), links have a set rate and latency, and the meter says what it took.

import { createMaster, createWorker } from '../../src/cli/architectures.ts';
import type { MasterRequest } from '../../src/cli/architectures.ts';
import { createSampler, memoryDataset } from '../../src/data/index.ts';
import { createEngine } from '../../src/engine/client.ts';
import type { DeviceSpeed } from '../../src/expectation/demand.ts';
import type { ExpectedArchitecture } from '../../src/expectation/setting.ts';
import { trainingCourse } from '../../src/machine/course.ts';
import type { Figures } from '../../src/meter/figures.ts';
import type { ResolvedTraining } from '../../src/model/training.ts';
import type { Dataset, Engine } from '../../src/ports.ts';
import { Recorder } from '../../src/runtime/recorder.ts';
import { NodeRunner } from '../../src/runtime/runner.ts';
import { admittedFrameBytes } from '../../src/transport/limits.ts';
import { MemoryTransport } from '../../src/transport/memory.ts';
import { shapeDevice } from '../../src/transport/shaped.ts';
import type { LinkShape } from '../../src/transport/shaped.ts';
import type { Link } from '../../src/ports.ts';
import { PacedEngine } from './paced-engine.ts';

export interface RealRun {
  readonly architecture: ExpectedArchitecture;
  readonly training: ResolvedTraining;
  readonly nodes: number;
  readonly speed: DeviceSpeed;
  readonly link: LinkShape;
}

export interface RealNode {
  readonly figures: Figures;
  readonly tensorBytes: number;
}

const kindOf: Readonly<
  Record<ExpectedArchitecture, Pick<MasterRequest, 'architecture' | 'server'>>
> = {
  single: { architecture: 'ring' },
  ring: { architecture: 'ring' },
  'all-reduce': { architecture: 'all-reduce' },
  'parameter-server': {
    architecture: 'parameter-server',
    server: { consistency: { kind: 'bsp' }, servers: 1 },
  },
  'parameter-server-colocated': {
    architecture: 'parameter-server',
    server: { consistency: { kind: 'bsp' }, servers: 'colocated' },
  },
};

/** What each node's meter read, the master's first. */
export async function realRun(run: RealRun): Promise<readonly RealNode[]> {
  const { training, link } = run;
  const nodes = run.architecture === 'single' ? 1 : run.nodes;
  const { batch, steps, stepsPerEpoch, data } = training.resolved;
  const transport = new MemoryTransport();
  const engines: Engine[] = [];
  const recorders: Recorder[] = [];
  const paced = async (): Promise<Engine> => {
    const engine = new PacedEngine(await createEngine({ kind: 'wasm' }), run.speed);
    engines.push(engine);
    recorders.push(
      new Recorder({
        now: () => performance.now() / 1000,
        busySeconds: () => engine.busySeconds,
        tensorBytes: () => engine.allocatedBytes,
        usage: () => ({ peakMemoryBytes: 0, cpuSeconds: 0 }),
      }),
    );
    return engine;
  };
  const describe = (name: string) => ({
    name,
    cores: 1,
    memoryBytes: 1e9,
    flops: 1e8,
    version: '0',
    engine: { kind: 'wasm', name: 'wasm', threads: 1 } as const,
  });
  const admitted = (each: Link): Link => {
    each.maximumFrameBytes = admittedFrameBytes;
    return each;
  };

  const train = randomSamples(data.trainCount, data.inputShape);
  const sampler = createSampler(train.count, batch);
  const order = (step: number): Uint32Array =>
    sampler.batchIndices(training.seed, Math.floor(step / stepsPerEpoch), step % stepsPerEpoch);
  const masterEngine = await paced();
  const machine = createMaster(
    {
      ...kindOf[run.architecture],
      training,
      purpose: 'train',
      course: trainingCourse({ trainCount: train.count, testCount: 0, batch, steps }),
      samples: { train, order },
      workers: nodes - 1,
      isLocal: false,
      hop: link,
    },
    masterEngine,
    describe('master'),
  );
  const master = new NodeRunner({ ...machine, recorder: recorders[0]! });
  const shapeMaster = shapeDevice(link);
  const door = await transport.listen('master:1', (guest) =>
    master.addGuest(shapeMaster(admitted(guest))),
  );
  const ended = [master.ended];
  const closing: (() => Promise<void>)[] = [() => door.close()];
  master.post({ type: 'start' });
  for (let k = 1; k < nodes; k += 1) {
    const engine = await paced();
    const shape = shapeDevice(link);
    const address = `worker-${k}:1`;
    const join = { type: 'join', ...describe(`worker-${k}`), address } as const;
    const runner = new NodeRunner({
      ...createWorker(join, engine),
      recorder: recorders[k]!,
      connect: async (to) => shape(admitted(await transport.connect(to))),
    });
    const listener = await transport.listen(address, (guest) =>
      runner.addGuest(shape(admitted(guest))),
    );
    closing.push(() => listener.close());
    ended.push(runner.ended);
    runner.addMaster(shape(admitted(await transport.connect('master:1'))));
  }
  try {
    await Promise.all(ended);
  } finally {
    for (const close of closing) await close();
    for (const engine of engines) await engine.close();
  }
  return recorders.map(({ recording: { figures, usage } }) => ({
    figures,
    tensorBytes: usage.tensorBytes,
  }));
}

function randomSamples(count: number, inputShape: readonly number[]): Dataset {
  const size = inputShape.reduce((a, b) => a * b, 1);
  let word = 1;
  const next = (): number => (word = (Math.imul(word, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const inputs = Float32Array.from({ length: count * size }, next);
  const targets = Int32Array.from({ length: count }, () => Math.floor(next() * 10));
  return memoryDataset({ inputShape, inputs, targets, target: { type: 'int32', shape: [] } });
}
