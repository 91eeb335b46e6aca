// One measured training through the whole runtime: nodes, executor, engine, links. Steps per second
// come from the times of the master's step reports, the first few left out.

import { memoryDataset } from '../dist/data/index.js';
import { startMaster } from '../dist/cli/master-session.js';
import type { Session } from '../dist/cli/master-session.js';
import type { Architecture } from '../dist/cli/architectures.js';
import type { EngineOptions } from '../dist/cli/engine-options.js';
import type { ServerSettings } from '../dist/cli/server-flags.js';
import { parseTraining, resolveTraining } from '../dist/model/training.js';
import type { ResolvedTraining } from '../dist/model/training.js';
import type { NodeReport } from '../dist/node.js';
import type { Dataset } from '../dist/ports.js';
import type { SnapshotStore } from '../dist/runtime/snapshots.js';
import type { LinkShape } from '../dist/transport/shaped.js';
import { trainingCourse } from '../dist/machine/course.js';

export interface Setting {
  /** `784-512-512-10`: widths of a dense net with relu between; or `cnn`. */
  readonly name: string;
  readonly batch: number;
  readonly microbatches: number;
  readonly nodes: number;
  /** A ring, unless it says otherwise. */
  readonly architecture?: Architecture;
  readonly server?: ServerSettings;
  readonly engine: EngineOptions;
  readonly seconds: number;
  /** What each node's links together can carry. */
  readonly link?: LinkShape;
  /** Where the master keeps copies of layers: with it, they are copied when its session asks for it. */
  readonly snapshots?: SnapshotStore;
  readonly started?: (session: Session) => void;
  /** Told who holds what. */
  readonly formed?: (nodes: readonly NodeReport[]) => void;
  /** Called once before the training is stopped. */
  readonly whileRunning?: () => void;
}

export interface Measured {
  readonly stepsPerSecond: number;
  readonly steps: number;
  /** When each step was reported, in milliseconds. */
  readonly times: readonly number[];
}

const relu = { layer: 'relu' };
const pool = { layer: 'maxPool2d', kernel: 2 };
const convolution = (filters: number): object => ({
  layer: 'conv2d',
  filters,
  kernel: 3,
  padding: 1,
});

function modelOf(name: string): { model: object[]; inputShape: number[] } {
  if (name === 'cnn') {
    const front = [convolution(16), relu, pool, convolution(32), relu, pool];
    return {
      model: [...front, { layer: 'flatten' }, { layer: 'dense', units: 10 }],
      inputShape: [1, 28, 28],
    };
  }
  const [input, ...widths] = name.split('-').map(Number);
  const layers = widths.flatMap((units) => [{ layer: 'dense', units }, relu]);
  return { model: layers.slice(0, -1), inputShape: [input!] };
}

function randomSamples(count: number, inputShape: readonly number[]): Dataset {
  const size = inputShape.reduce((a, b) => a * b, 1);
  let word = 1;
  const next = (): number => (word = (Math.imul(word, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const inputs = Float32Array.from({ length: count * size }, next);
  const targets = Int32Array.from({ length: count }, () => Math.floor(next() * 10));
  return memoryDataset({ inputShape, inputs, targets, target: { type: 'int32', shape: [] } });
}

export function trainingOf({ name, batch, microbatches }: Setting): {
  training: ResolvedTraining;
  train: Dataset;
} {
  const { model, inputShape } = modelOf(name);
  const train = randomSamples(batch * 4, inputShape);
  const file = {
    data: { kind: 'digits' },
    model,
    loss: 'softmaxCrossEntropy',
    optimizer: { kind: 'sgd' },
    learningRate: 0.01,
    steps: 1e9,
    batch,
    microbatches,
  };
  const facts = { inputShape, target: train.target!, trainCount: train.count };
  return { training: resolveTraining(parseTraining(file, 'benchmark'), facts), train };
}

/** Trains for about `seconds` and stops. */
export async function measureTraining(setting: Setting): Promise<Measured> {
  const { training, train } = trainingOf(setting);
  const { batch, steps } = training.resolved;
  const warm = 5;
  const times: number[] = [];
  let done = 0;
  let start = 0;
  let end = 0;
  const { formed, whileRunning, architecture = 'ring', server } = setting;
  const session = await startMaster({
    architecture,
    ...(server && { server }),
    training,
    purpose: 'train',
    // One endless epoch: no checkpoint falls into what is measured.
    course: trainingCourse({ trainCount: batch * steps, testCount: 0, batch, steps }),
    samples: {
      train,
      // One row further each time, so that every sample comes to stand in every share.
      order: (step) =>
        Array.from({ length: batch }, (_, k) => (step * (batch + 1) + k) % train.count),
    },
    store: {
      save: () => Promise.resolve(),
      complete: () => Promise.resolve(),
      fetch: () => Promise.reject(new Error('nothing is loaded here')),
      discard: () => Promise.resolve(),
    },
    engine: setting.engine,
    workers: { kind: 'local', count: setting.nodes - 1 },
    ...(setting.link && { link: setting.link }),
    ...(setting.snapshots && { snapshots: setting.snapshots, replicas: 'disk' }),
    report(report) {
      if (report.kind === 'formed') formed?.(report.nodes);
      if (report.kind !== 'step' || end > 0) return;
      done += 1;
      const now = performance.now();
      times.push(now);
      if (done === warm) start = now;
      if (done > warm && now - start > setting.seconds * 1000) {
        end = now;
        whileRunning?.();
        setImmediate(() => session.stop());
      }
    },
  });
  setting.started?.(session);
  await session.ended.catch((error: { code?: string }) => {
    if (error.code !== 'INTERRUPTED') throw error as Error;
  });
  return { stepsPerSecond: ((done - warm) / (end - start)) * 1000, steps: done, times };
}
