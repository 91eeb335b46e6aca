// The simulator, calibrated on real runs: what a device's engine takes for a unit of each kind of demand, and
// how fast its links and messages are, so that simulated steps come out as long as the real ones did. All from
// what the runs' meters say, so that it is the same for a lab and for devices that joined.

import { demandUnits, noDemand, sumOf } from '../expectation/demand.ts';
import type { DeviceSpeed } from '../expectation/demand.ts';
import { expectTraining, isAble } from '../expectation/expect.ts';
import type { Outlook } from '../expectation/expect.ts';
import { fitSpeed } from '../expectation/fit.ts';
import type { TimedDemand } from '../expectation/fit.ts';
import type { ExpectedArchitecture, ExpectedDevice, Setting } from '../expectation/setting.ts';
import type { ResolvedTraining } from '../model/training.ts';
import { rateOf } from './devices.ts';
import { ownStepSeconds } from './measures.ts';
import { minimise } from './minimise.ts';
import { resolveFile } from './resolve.ts';
import { mean, median } from './statistics.ts';
import { untold } from './study.ts';
import type { Condition } from './study.ts';
import { byCondition } from './trials.ts';
import type { FinishedTrial } from './trials.ts';

export interface Calibrated {
  readonly device: ExpectedDevice;
  readonly link: Setting['link'];
}

/** A condition that the simulator knows, with what its repeats took. */
export interface RealStep {
  readonly condition: Condition;
  readonly architecture: ExpectedArchitecture;
  readonly training: ResolvedTraining;
  /** Mean over the repeats, at the devices' own speed. */
  readonly seconds: number;
  readonly trials: readonly FinishedTrial[];
}

/** Those that the simulator can play: an asynchronous server's steps are no common steps. */
export async function realSteps(trials: readonly FinishedTrial[]): Promise<readonly RealStep[]> {
  const synchronous = trials.filter(
    ({ condition: { variant } }) => (variant.consistency ?? 'bsp') === 'bsp',
  );
  return Promise.all(
    byCondition(synchronous).map(async (own) => {
      const { condition } = own[0]!;
      return {
        condition,
        architecture: condition.variant.architecture,
        training: await resolveFile(condition.training, condition.workload),
        seconds: mean(own.map(ownStepSeconds)),
        trials: own,
      };
    }),
  );
}

/** Memory is not what is simulated here. */
const amplyOfMemory = { memoryBytes: 64e9, baseBytes: 0 } as const;
const busyKinds = ['forward', 'backward', 'weights', 'update'] as const;
/** Asked for so often, a constant is known to a few per cent. */
const searches = 6;
const rounds = 2;
/** What TCP and Ethernet leave of a link's rate is in here, and so is a processor that is slower than its link. */
const sharesOfRate = [0.4, 1] as const;
/** Where nobody knows the rate: from a poor radio to a fast cable. Bytes a second. */
const possibleRates = [1e5, 1.25e8] as const;
/** What a message may cost its sender or receiver, in seconds. */
const possibleFrames = [5e-6, 1e-2] as const;

/** Undefined without any. All have devices and links alike. */
export async function calibrateOn(
  steps: readonly RealStep[],
  progress = untold,
): Promise<Calibrated | undefined> {
  const [first] = steps;
  if (!first) return undefined;
  const { link: given } = first.condition.devices[0]!;
  const rate = rateOf(first.condition.devices) / 8;
  const link = {
    kind: given.kind === 'wifi' ? ('shared' as const) : ('duplex' as const),
    bytesPerSecond: rate > 0 ? rate : Math.sqrt(possibleRates[0] * possibleRates[1]),
    latencySeconds: given.latencySeconds,
  };
  const speed = fitSpeed((await Promise.all(steps.map((step) => timed(step, link)))).flat());
  const device: ExpectedDevice = {
    ...amplyOfMemory,
    speed,
    flops: 1 / Math.max(speed.productFlops, 1e-12),
    secondsPerFrame: 1e-4,
    secondsPerByte: 0,
  };
  // Links first, by those that do little else than send; then messages, by those that send many.
  const isPipeline = ({ architecture }: RealStep): boolean => architecture === 'ring';
  const several = steps.filter(({ condition }) => condition.devices.length > 1);
  const most = Math.max(...several.map(({ condition }) => condition.devices.length));
  const senders = several.filter(
    (step) => !isPipeline(step) && step.condition.devices.length === most,
  );
  const error = async (of: readonly RealStep[], on: Calibrated): Promise<number> => {
    let sum = 0;
    for (const step of of) {
      await progress('calibrating the simulator');
      const seconds = await simulatedSeconds(step, on);
      if (seconds !== undefined) sum += Math.log(seconds / step.seconds) ** 2;
    }
    return sum;
  };
  const pipelines = several.filter(isPipeline);
  const limits =
    rate > 0 ? ([sharesOfRate[0] * rate, sharesOfRate[1] * rate] as const) : possibleRates;
  let found: Calibrated = { device, link };
  // Each is known better when the other is.
  for (let round = 0; round < rounds; round += 1) {
    const { device: known, link: through } = found;
    const withRate = (bytesPerSecond: number): Calibrated => ({
      device: known,
      link: { ...through, bytesPerSecond },
    });
    if (senders.length > 0)
      found = withRate(
        await minimise(limits, searches, (value) => error(senders, withRate(value))),
      );
    const { link: settled } = found;
    const withFrame = (secondsPerFrame: number): Calibrated => ({
      device: { ...known, secondsPerFrame },
      link: settled,
    });
    if (pipelines.length > 0)
      found = withFrame(
        await minimise(possibleFrames, searches, (value) => error(pipelines, withFrame(value))),
      );
  }
  return found;
}

/** What the engines of all nodes were asked for in a step, kind by kind, and how long they took. */
async function timed(step: RealStep, link: Setting['link']): Promise<readonly TimedDemand[]> {
  const outlook = await simulate(step, { device: anyDevice, link });
  if (!isAble(outlook)) return [];
  return busyKinds.flatMap((kind) => {
    const demand = sumOf(outlook.nodes.map(({ demands }) => demands[kind] ?? noDemand));
    // Whatever else a machine does only ever adds.
    const seconds = median(
      step.trials.map(({ outcome: { run }, place }) =>
        run.nodes.reduce(
          (sum, { figures }) => sum + (figures.busySeconds[kind] / figures.steps) * place.scale,
          0,
        ),
      ),
    );
    return demand.runs > 0 && seconds > 0 ? [{ demand, seconds }] : [];
  });
}

/** What is asked for does not depend on how long it takes. */
const anyDevice: ExpectedDevice = {
  ...amplyOfMemory,
  speed: Object.fromEntries(demandUnits.map((unit) => [unit, 1e-9])) as DeviceSpeed,
  flops: 5e9,
  secondsPerFrame: 1e-4,
  secondsPerByte: 0,
};

const simulate = ({ architecture, training, condition }: RealStep, on: Calibrated) =>
  expect(architecture, training, condition.devices.length, on);

/** What so many devices would take. */
export const expect = (
  architecture: ExpectedArchitecture,
  training: ResolvedTraining,
  nodes: number,
  { device, link }: Calibrated,
): Promise<Outlook> => expectTraining(architecture, { training, nodes, device, link });

/** Undefined where they cannot train it. */
export async function simulatedSeconds(
  step: RealStep,
  on: Calibrated,
): Promise<number | undefined> {
  const outlook = await simulate(step, on);
  return isAble(outlook) ? outlook.stepSeconds : undefined;
}
