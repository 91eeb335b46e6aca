// The simulator is calibrated on runs that were themselves simulated, with constants that it must find again.

import { beforeAll, expect, test } from 'vitest';

import { secondsOf } from '../expectation/demand.ts';
import type { DeviceSpeed } from '../expectation/demand.ts';
import type { ExpectedNodes } from '../expectation/figures.ts';
import { expectAllReduce } from '../expectation/replica.ts';
import { expectRing } from '../expectation/ring.ts';
import type { Setting } from '../expectation/setting.ts';
import { calibrateOn, realSteps, simulatedSeconds } from './calibrated.ts';
import type { RealStep } from './calibrated.ts';
import { resolveFile } from './resolve.ts';
import type { Run } from './results.ts';
import { saturation, shareOut } from './scaling.ts';
import { variants } from './study.ts';
import type { Variant } from './study.ts';
import type { FinishedTrial } from './trials.ts';
import { denseNet } from './workloads.ts';

const speed: DeviceSpeed = {
  productFlops: 4e-10,
  convolutionFlops: 0,
  productBytes: 1e-10,
  functionFlops: 4e-9,
  otherBytes: 1e-9,
  operators: 2e-5,
  runs: 3e-4,
};
const device: Setting['device'] = {
  speed,
  flops: 2.5e9,
  memoryBytes: 64e9,
  baseBytes: 0,
  secondsPerFrame: 8e-4,
  secondsPerByte: 0,
};
const link: Setting['link'] = { kind: 'duplex', bytesPerSecond: 2.2e6, latencySeconds: 0 };
/** Of which 2.2 MB/s are left. */
const bitsPerSecond = 20e6;
const scale = 0.5;

const training = denseNet({ steps: 6, batch: 32, microbatches: 4 }, 96, 4);

/** As a lab in slow motion would have measured it. */
async function trialOf(variant: Variant, count: number): Promise<FinishedTrial> {
  const setting = {
    training: await resolveFile(training, 'test'),
    nodes: count,
    device,
    link,
  };
  const played: ExpectedNodes =
    variant.architecture === 'all-reduce'
      ? await expectAllReduce(setting)
      : await expectRing(setting);
  const slower = (seconds: Readonly<Record<string, number>>) =>
    Object.fromEntries(Object.entries(seconds).map(([kind, value]) => [kind, value / scale]));
  const nodes = played.map(({ figures }) => ({
    figures: {
      ...figures,
      wallSeconds: figures.wallSeconds / scale,
      busySeconds: slower(figures.busySeconds),
    },
  }));
  const own = {
    board: 'pi-4b',
    memoryBytes: 1e9,
    link: { kind: 'wired' as const, bitsPerSecond, latencySeconds: 0 },
  };
  return {
    condition: {
      workload: 'dense',
      training,
      variant,
      devices: Array.from({ length: count }, () => own),
    },
    repeat: 1,
    place: { kind: 'lab', description: 'test', scale },
    outcome: {
      kind: 'finished',
      run: { architecture: variant.architecture, nodes } as unknown as Run,
    },
  };
}

let steps: readonly RealStep[];

beforeAll(async () => {
  steps = await realSteps(
    await Promise.all([
      trialOf(variants.single, 1),
      trialOf(variants.ring, 2),
      trialOf(variants.allReduce, 2),
      trialOf(variants.ring, 4),
      trialOf(variants.allReduce, 4),
    ]),
  );
});

test('constants from few devices foretell more', async () => {
  const found = (await calibrateOn(steps.filter(({ condition }) => condition.devices.length < 4)))!;
  expect(found.link.bytesPerSecond / link.bytesPerSecond).toBeCloseTo(1, 1);
  const demand = {
    productFlops: 1e7,
    convolutionFlops: 0,
    productBytes: 1e6,
    functionFlops: 1e3,
    otherBytes: 1e5,
    operators: 10,
    runs: 1,
  };
  const ratio = secondsOf(found.device.speed, demand) / secondsOf(speed, demand);
  expect(Math.abs(ratio - 1)).toBeLessThan(0.15);
  for (const step of steps) {
    const seconds = (await simulatedSeconds(step, found))!;
    expect(Math.abs(seconds / step.seconds - 1)).toBeLessThan(0.1);
  }
});

test('a way to train is simulated until it has nothing to gain', async () => {
  const quick = { ...device, secondsPerFrame: 1e-6, speed: { ...speed, operators: 0, runs: 0 } };
  const curves = await shareOut(steps[0]!.training, {
    device: quick,
    link: { ...link, bytesPerSecond: 4e7 },
  });
  for (const { points } of curves) expect(points[0]!.devices).toBe(1);
  const ring = curves.find(({ variant }) => variant.architecture === 'ring')!;
  // Five layers with parameters: no ring of 8.
  expect(ring.points.at(-1)!.devices).toBe(4);
  const reduced = curves.find(({ variant }) => variant.architecture === 'all-reduce')!;
  expect(saturation(reduced)).toBeLessThan(saturation(ring));
});

test('saturation is where hardly anything is to be gained any more', () => {
  const points = [8, 4, 2.1, 2].map((seconds, at) => ({ devices: 2 ** at, seconds }));
  expect(saturation({ points })).toBe(4);
});
