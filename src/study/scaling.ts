// One work on more and more simulated devices, until more bring nothing.

import { stepBounds } from '../expectation/bounds.ts';
import { isAble } from '../expectation/expect.ts';
import type { ExpectedArchitecture } from '../expectation/setting.ts';
import type { ResolvedTraining } from '../model/training.ts';
import { calibrateOn, expect, realSteps, simulatedSeconds } from './calibrated.ts';
import type { Calibrated, RealStep } from './calibrated.ts';
import { nameOfVariant } from './report/variant-look.ts';
import { untold, variants } from './study.ts';
import type { Variant } from './study.ts';
import type { FinishedTrial } from './trials.ts';

export interface SimulatedStep {
  readonly devices: number;
  readonly seconds: number;
}

export interface SimulatedCurve {
  readonly variant: Variant;
  readonly points: readonly SimulatedStep[];
  /** It was still gaining where it ends. */
  readonly isAtEnd: boolean;
}

/** A net with as many hidden layers as there are devices. */
export interface Grown {
  readonly devices: number;
  readonly singleSeconds: number;
  /** Absent where a ring cannot. */
  readonly ringSeconds?: number;
  /** What no schedule of the others can go below. */
  readonly least: readonly { readonly variant: Variant; readonly seconds: number }[];
}

export interface Scaling {
  readonly steps: readonly {
    readonly step: RealStep;
    readonly seconds: number;
    /** Of the simulated time, as a share of the real one. */
    readonly error: number;
    /** The constants were fitted without it. */
    readonly isHeldOut: boolean;
  }[];
  readonly calibrated: Calibrated;
  readonly layers: number;
  readonly wide: readonly SimulatedCurve[];
  readonly grown: readonly Grown[];
}

export const mostDevices = (trials: readonly FinishedTrial[]): number =>
  Math.max(0, ...trials.map(({ condition }) => condition.devices.length));

/** Their steps are everyone's steps. */
export const simulatedVariants: readonly Variant[] = [
  variants.ring,
  variants.bsp,
  variants.colocated,
  variants.allReduce,
];

/** Within this share of the shortest step a curve is saturated. */
const near = 1.1;
/** So many doublings in a row without any gain worth the name, and no more are simulated. */
const patience = 3;

const shortest = (points: readonly SimulatedStep[]): number =>
  Math.min(...points.map(({ seconds }) => seconds));

/** The fewest devices on which a step takes hardly longer than it ever does on more. */
export const saturation = ({ points }: Pick<SimulatedCurve, 'points'>): number =>
  points.find(({ seconds }) => seconds <= near * shortest(points))!.devices;

/** The same work on 1, 2, 4, … devices, each way to train until it has no more layers or nothing to gain. */
export async function shareOut(
  training: ResolvedTraining,
  on: Calibrated,
  progress = untold,
): Promise<readonly SimulatedCurve[]> {
  const single = await stepOf('single', training, 1, on);
  const curves: SimulatedCurve[] = [];
  for (const variant of simulatedVariants) {
    const points: SimulatedStep[] = single === undefined ? [] : [{ devices: 1, seconds: single }];
    let idle = 0;
    for (let devices = 2; idle < patience; devices *= 2) {
      await progress(simulating(variant, devices));
      const seconds = await stepOf(variant.architecture, training, devices, on);
      if (seconds === undefined) break;
      idle = seconds * near < shortest(points) ? 0 : idle + 1;
      points.push({ devices, seconds });
    }
    if (points.length > 0) curves.push({ variant, points, isAtEnd: idle === 0 });
  }
  return curves;
}

const simulating = (variant: Variant, devices: number): string =>
  `simulating ${nameOfVariant(variant)} on ${devices} devices`;

/** Undefined where they cannot train it. */
async function stepOf(
  architecture: ExpectedArchitecture,
  training: ResolvedTraining,
  nodes: number,
  on: Calibrated,
): Promise<number | undefined> {
  const outlook = await expect(architecture, training, nodes, on);
  return isAble(outlook) ? outlook.stepSeconds : undefined;
}

/** A layer for each device: the ring is played, and so is one device; of the others there is what none can go below. */
export async function grow(
  counts: readonly number[],
  netOf: (layers: number) => Promise<ResolvedTraining>,
  on: Calibrated,
  progress = untold,
): Promise<readonly Grown[]> {
  const grown: Grown[] = [];
  for (const devices of counts) {
    await progress(simulating(variants.ring, devices));
    const training = await netOf(devices);
    const ringSeconds = await stepOf('ring', training, devices, on);
    const singleSeconds = (await stepOf('single', training, 1, on))!;
    const setting = { training, nodes: devices, ...on };
    const least = simulatedVariants.slice(1).map((variant) => ({
      variant,
      seconds: stepBounds(variant.architecture, setting).leastSeconds,
    }));
    grown.push({
      devices,
      singleSeconds,
      ...(ringSeconds !== undefined && { ringSeconds }),
      least,
    });
  }
  return grown;
}

/** `netOf`: the work that is simulated, of so many hidden layers. Constants come from what fewer than `most` devices took. */
export async function simulateScaling(
  finished: readonly FinishedTrial[],
  most: number,
  {
    layers,
    growth,
    netOf,
  }: {
    readonly layers: number;
    readonly growth: readonly number[];
    readonly netOf: (layers: number) => Promise<ResolvedTraining>;
  },
  progress = untold,
): Promise<Scaling> {
  const all = await realSteps(finished);
  const fewer = all.filter(({ condition }) => condition.devices.length < most);
  const isEnough = fewer.some(({ condition }) => condition.devices.length > 1);
  const used: readonly RealStep[] = isEnough ? fewer : all;
  const on = (await calibrateOn(used, progress))!;
  const steps: Scaling['steps'][number][] = [];
  for (const step of all) {
    const seconds = await simulatedSeconds(step, on);
    if (seconds !== undefined)
      steps.push({
        step,
        seconds,
        error: seconds / step.seconds - 1,
        isHeldOut: !used.includes(step),
      });
  }
  const wide = await shareOut(await netOf(layers), on, progress);
  const grown = await grow(growth, netOf, on, progress);
  return { steps, calibrated: on, wide, grown, layers };
}
