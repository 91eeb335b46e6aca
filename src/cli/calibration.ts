// What this machine's constants are: its engine at a few networks, its messages over a socket, its process
// at rest. A few seconds, done anew each time, since nothing that is kept would know what else has changed.

import { totalmem } from 'node:os';

import { memoryDataset } from '../data/index.ts';
import { createEngine } from '../engine/client.ts';
import { measureSpeed } from '../engine/speed.ts';
import type { TimedDevice } from '../expectation/boards.ts';
import { calibrate } from '../expectation/calibrate.ts';
import type { ExpectedDevice } from '../expectation/setting.ts';
import { elementCount } from '../graph/graph.ts';
import { trainingCourse } from '../machine/course.ts';
import { parseTraining, resolveTraining, ringTraining } from '../model/training.ts';
import type { ResolvedTraining, RingTraining } from '../model/training.ts';
import type { Engine, Link } from '../ports.ts';
import { decodeMessage, encodeMessage } from '../protocol/codec.ts';
import { tensorPayload } from '../protocol/messages.ts';
import { admittedFrameBytes } from '../transport/limits.ts';
import { TcpTransport } from '../transport/tcp.ts';
import type { EngineOptions } from './engine-options.ts';
import { startMaster } from './master-session.ts';

export interface CalibratedDevice {
  readonly device: ExpectedDevice;
  readonly timed: TimedDevice;
  /** Name of the engine. */
  readonly engine: string;
  readonly works: number;
  /** Of the fitted times, the median. */
  readonly medianError: number;
}

export async function calibrateDevice(
  options: EngineOptions,
  progress: (done: number, of: number) => void,
): Promise<CalibratedDevice> {
  const engine = await createEngine(options);
  try {
    const baseBytes = process.memoryUsage().rss - engine.allocatedBytes;
    const flops = await measureSpeed(engine);
    const { speed, samples, medianError } = await calibrate({
      engine,
      trainings: calibrationTrainings(),
      rows: [8, 32],
      progress,
    });
    const usesBlas = engine.description.kind === 'blas';
    return {
      device: {
        speed: { ...speed, runs: speed.runs + (await secondsBesideWork(options)) },
        flops,
        memoryBytes: totalmem(),
        baseBytes,
        ...(await measureMessages()),
      },
      timed: { flops, usesBlas, wasmFlops: usesBlas ? await wasmSpeed() : flops },
      engine: engine.description.name,
      works: samples.length,
      medianError,
    };
  } finally {
    await engine.close();
  }
}

async function wasmSpeed(): Promise<number> {
  let engine: Engine | undefined;
  try {
    engine = await createEngine({ kind: 'wasm' });
    return await measureSpeed(engine);
  } finally {
    await engine?.close();
  }
}

/** A dense and a convolutional network, with layers from small to large, and both kinds of update. */
const calibrationTrainings = (): readonly RingTraining[] =>
  [
    trainingOf({ model: dense(64, 128, 512, 1024, 32, 10), inputShape: [256], optimizer: 'adam' }),
    trainingOf({
      model: [
        ...convolution(8),
        pool,
        ...convolution(16),
        pool,
        ...convolution(32),
        { layer: 'flatten' },
        ...dense(64, 10),
      ],
      inputShape: [1, 20, 20],
      optimizer: 'sgd',
    }),
  ].map(ringTraining);

const relu = { layer: 'relu' };
const pool = { layer: 'maxPool2d', kernel: 2 };

const dense = (...widths: number[]): object[] =>
  widths.flatMap((units, k) => [...(k > 0 ? [relu] : []), { layer: 'dense', units }]);

const convolution = (filters: number): object[] => [
  { layer: 'conv2d', filters, kernel: 3, padding: 1 },
  relu,
];

function trainingOf({
  model,
  inputShape,
  optimizer,
  batch = 32,
  microbatches = 1,
}: {
  readonly model: readonly object[];
  readonly inputShape: readonly number[];
  readonly optimizer: 'adam' | 'sgd';
  readonly batch?: number;
  readonly microbatches?: number;
}): ResolvedTraining {
  const file = {
    data: { kind: 'digits' },
    model,
    loss: 'softmaxCrossEntropy',
    optimizer: { kind: optimizer },
    batch,
    microbatches,
    steps: 1,
  };
  const target = { type: 'int32', shape: [] } as const;
  const facts = { inputShape, target, trainCount: batch };
  return resolveTraining(parseTraining(file, 'the calibration'), facts);
}

const overheadSteps = 40;

/**
 * What a work costs besides its kernels: the node, the way to the engine's thread and back. From a network
 * of next to no work on one device, by its meter.
 */
async function secondsBesideWork(engine: EngineOptions): Promise<number> {
  const microbatches = 32;
  const training = trainingOf({
    model: dense(4, 4),
    inputShape: [4],
    optimizer: 'sgd',
    batch: microbatches,
    microbatches,
  });
  const { data, batch } = training.resolved;
  const size = { trainCount: batch * overheadSteps, testCount: 0, batch, steps: overheadSteps };
  const train = memoryDataset({
    inputShape: data.inputShape,
    inputs: new Float32Array(batch * elementCount(data.inputShape)),
    targets: new Int32Array(batch),
    target: data.target,
  });
  const session = await startMaster({
    training,
    purpose: 'train',
    course: trainingCourse(size),
    samples: { train, order: () => Array.from({ length: batch }, (_, row) => row) },
    engine,
    workers: { kind: 'local', count: 0 },
  });
  await session.ended;
  const { wallSeconds, busySeconds, steps } = session.recordings()[0]!.figures;
  const busy = Object.values(busySeconds).reduce((sum, seconds) => sum + seconds, 0);
  // The loss of each microbatch, one group of weight gradients, norms and update.
  return Math.max(0, wallSeconds - busy) / (steps * (microbatches + 3));
}

const smallFrames = 400;
const largeFrames = 100;
const largeBytes = 1 << 17;

/** What a frame costs the thread that sends or receives it, and each of its bytes: over a socket to itself. */
async function measureMessages(): Promise<
  Pick<ExpectedDevice, 'secondsPerFrame' | 'secondsPerByte'>
> {
  const transport = new TcpTransport();
  let accept: (link: Link) => void = () => undefined;
  const accepted = new Promise<Link>((resolve) => (accept = resolve));
  const listener = await transport.listen('127.0.0.1:0', (link) => accept(link));
  const near = await transport.connect(listener.address);
  const far = await accepted;
  far.maximumFrameBytes = admittedFrameBytes;
  try {
    await passFrames(near, far, smallFrames, 4);
    const small = await passFrames(near, far, smallFrames, 4);
    const large = await passFrames(near, far, largeFrames, largeBytes);
    // Both ends are here, so each has half of it.
    const secondsPerFrame = small / smallFrames / 2;
    const rest = large / largeFrames / 2 - secondsPerFrame;
    return { secondsPerFrame, secondsPerByte: Math.max(0, rest) / largeBytes };
  } finally {
    await near.close();
    await listener.close();
  }
}

/** Seconds for so many frames to be made, sent, received and read. */
function passFrames(near: Link, far: Link, count: number, bytes: number): Promise<number> {
  const type = { type: 'float32', shape: [bytes / 4] } as const;
  const payload = tensorPayload([{ name: 'x', type, bytes: new Uint8Array(bytes) }]);
  return new Promise((resolve, reject) => {
    const start = performance.now();
    let received = 0;
    far.onFrame((frame, release) => {
      decodeMessage(frame);
      release?.();
      received += 1;
      if (received === count) resolve((performance.now() - start) / 1000);
    });
    for (let k = 0; k < count; k += 1)
      near
        .send(encodeMessage(1, { type: 'gradient', pass: 0, microbatch: 0, payload }))
        .catch(reject);
  });
}
