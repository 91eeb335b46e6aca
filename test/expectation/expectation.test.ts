// What is expected against what is measured: constants are learnt from one small network on one device,
// and must then hold for other networks, on more devices, by every architecture. Real nodes, runners and
// engines; devices and links are slow enough that other work on this machine does not matter.

import { monitorEventLoopDelay } from 'node:perf_hooks';

import { beforeAll, describe, expect, test } from 'vitest';

import { createEngine } from '../../src/engine/client.ts';
import { calibrate } from '../../src/expectation/calibrate.ts';
import type { DeviceSpeed } from '../../src/expectation/demand.ts';
import { expectTraining, isAble } from '../../src/expectation/expect.ts';
import type { Expectation } from '../../src/expectation/expect.ts';
import type { ExpectedArchitecture } from '../../src/expectation/setting.ts';
import { parseTraining, resolveTraining, ringTraining } from '../../src/model/training.ts';
import type { ResolvedTraining } from '../../src/model/training.ts';
import { PacedEngine } from './paced-engine.ts';
import { realRun } from './real-run.ts';
import type { RealNode } from './real-run.ts';

/** What the devices really are. The expectation has to find it out. */
const hidden: DeviceSpeed = {
  productFlops: 1.1e-7,
  convolutionFlops: 1.9e-7,
  productBytes: 1e-8,
  functionFlops: 5e-8,
  otherBytes: 1.5e-8,
  operators: 3e-5,
  runs: 4e-3,
};
const link = { bytesPerSecond: 320e3, latencySeconds: 0.005 };

const dense = (...widths: number[]): object[] =>
  widths.flatMap((units, k) => [...(k > 0 ? [{ layer: 'relu' }] : []), { layer: 'dense', units }]);
const convolution = (filters: number): object[] => [
  { layer: 'conv2d', filters, kernel: 3, padding: 1 },
  { layer: 'relu' },
];
const pool = { layer: 'maxPool2d', kernel: 2 };

function trainingOf(
  model: readonly object[],
  inputShape: readonly number[],
  [batch, microbatches]: readonly [number, number],
): ResolvedTraining {
  const steps = 5;
  const file = {
    data: { kind: 'digits' },
    model,
    loss: 'softmaxCrossEntropy',
    optimizer: { kind: 'sgd' },
    batch,
    microbatches,
    steps,
  };
  const target = { type: 'int32', shape: [] } as const;
  return resolveTraining(parseTraining(file, 'test'), {
    inputShape,
    target,
    trainCount: batch * steps,
  });
}

const small = trainingOf(
  [...convolution(2), pool, { layer: 'flatten' }, ...dense(24, 8)],
  [1, 8, 8],
  [8, 2],
);
const held = [
  {
    name: 'a dense net on 3 devices',
    training: trainingOf(dense(64, 64, 64, 64, 64, 10), [32], [64, 8]),
    nodes: 3,
  },
  {
    name: 'a convolutional net on 4 devices',
    training: trainingOf(
      [
        ...convolution(4),
        pool,
        ...convolution(8),
        pool,
        ...convolution(8),
        { layer: 'flatten' },
        ...dense(32, 10),
      ],
      [1, 12, 12],
      [48, 8],
    ),
    nodes: 4,
  },
] as const;
const architectures: readonly ExpectedArchitecture[] = ['ring', 'parameter-server', 'all-reduce'];

let speed: DeviceSpeed;

beforeAll(async () => {
  const engine = new PacedEngine(await createEngine({ kind: 'wasm' }), hidden);
  try {
    const trainings = [ringTraining(small)];
    ({ speed } = await calibrate({ engine, trainings, rows: [2, 8] }));
  } finally {
    await engine.close();
  }
}, 30_000);

/** Late by more than so many milliseconds once in twenty times, this process is not given its time. */
const calm = 3;
const attempts = 3;

interface Measured<Value> {
  readonly value: Value;
  /** In milliseconds. */
  readonly lateness: number;
}

/** What was measured while others took the machine's time is measured again; the calmest counts. */
async function undisturbed<Value>(measure: () => Promise<Value>): Promise<Measured<Value>> {
  const measured: Measured<Value>[] = [];
  for (;;) {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const value = await measure();
    delay.disable();
    const lateness = delay.percentile(95) / 1e6;
    measured.push({ value, lateness });
    if (lateness < calm || measured.length === attempts)
      return measured.reduce((best, each) => (each.lateness < best.lateness ? each : best));
  }
}

const stepSeconds = ([master]: readonly RealNode[]): number =>
  master!.figures.wallSeconds / master!.figures.steps;

const sentBytes = (nodes: readonly RealNode[]): number =>
  nodes.reduce(
    (sum, { figures: { sent, steps } }) =>
      sum + Object.values(sent).reduce((bytes, each) => bytes + each.bytes, 0) / steps,
    0,
  );

describe.each(held)('$name', ({ training, nodes }) => {
  let measured: Measured<readonly RealNode[]>[];
  const real = (index: number): readonly RealNode[] => measured[index]!.value;
  /** Time that others took says nothing of the expectation. */
  const skipIfDisturbed = (index: number, skip: (why: string) => void): void => {
    const { lateness } = measured[index]!;
    if (lateness >= calm)
      skip(`this machine is too busy to measure: ${lateness.toFixed(0)} ms late`);
  };
  let expected: readonly Expectation[];

  beforeAll(async () => {
    const device = {
      speed,
      flops: 1e8,
      memoryBytes: 1e9,
      baseBytes: 0,
      secondsPerFrame: 1e-4,
      secondsPerByte: 1e-9,
    };
    const setting = { training, nodes, device, link: { kind: 'duplex' as const, ...link } };
    expected = (
      await Promise.all(architectures.map((each) => expectTraining(each, setting)))
    ).filter(isAble);
    // One after the other: together they would be in each other's way.
    measured = [];
    for (const architecture of architectures)
      measured.push(
        await undisturbed(() => realRun({ architecture, training, nodes, speed: hidden, link })),
      );
  }, 120_000);

  test.for(architectures)(
    '%s: the step takes as long as expected, within a tenth',
    (architecture, { skip }) => {
      const index = architectures.indexOf(architecture);
      skipIfDisturbed(index, skip);
      const measured = stepSeconds(real(index));
      expect(expected[index]!.stepSeconds).toBeGreaterThan(0.9 * measured);
      expect(expected[index]!.stepSeconds).toBeLessThan(1.1 * measured);
    },
  );

  test.for(architectures)(
    '%s: each device is as idle as expected, within 12 points',
    (architecture, { skip }) => {
      const index = architectures.indexOf(architecture);
      skipIfDisturbed(index, skip);
      for (const [node, { figures }] of real(index).entries())
        expect(Math.abs(expected[index]!.nodes[node]!.idleShare - figures.idleShare)).toBeLessThan(
          0.12,
        );
    },
  );

  test.for(architectures)(
    '%s: as many bytes are sent as expected, within a twentieth',
    (architecture) => {
      const index = architectures.indexOf(architecture);
      expect(expected[index]!.sentBytes / sentBytes(real(index))).toBeGreaterThan(0.95);
      expect(expected[index]!.sentBytes / sentBytes(real(index))).toBeLessThan(1.05);
    },
  );

  test.for(architectures)('%s: no step is shorter than its bound', (architecture) => {
    const index = architectures.indexOf(architecture);
    const { leastSeconds } = expected[index]!.bounds;
    expect(leastSeconds).toBeGreaterThan(0);
    expect(leastSeconds).toBeLessThan(stepSeconds(real(index)));
  });
});
