// How long the same work takes on more and more devices: really run as far as there are devices, and simulated
// beyond, by the same nodes with constants that the real runs gave.

import { allOf, decideRatio, inTimes } from '../decide.ts';
import { describeDevices, devicesFor, withMemory } from '../devices.ts';
import { ownStepSeconds } from '../measures.ts';
import { growthTable, realFigure, realTable, simulatedFigure } from '../report/scaling.ts';
import { nameOfVariant } from '../report/variant-look.ts';
import { resolveFile } from '../resolve.ts';
import { mostDevices, saturation, simulateScaling } from '../scaling.ts';
import type { Scaling } from '../scaling.ts';
import { median, pairedRatio } from '../statistics.ts';
import { untold, variants } from '../study.ts';
import type {
  Condition,
  Findings,
  Progress,
  Study,
  StudyResults,
  StudySetting,
  Variant,
  Verdict,
} from '../study.ts';
import { isFinished, pairs } from '../trials.ts';
import type { FinishedTrial } from '../trials.ts';
import { denseNet } from '../workloads.ts';
import { denseSizes, studiedDense } from './nets.ts';

/** Of the time of the fastest of the others. */
const threshold = 0.8;
/** Times as many devices as the others. */
const wider = 4;
/** A simulation that is further off decides nothing. */
const tolerance = 0.2;

const compared: readonly Variant[] = [
  variants.ring,
  variants.bsp,
  variants.async,
  variants.colocated,
  variants.allReduce,
];

const sizes = {
  tiny: { counts: [2], variants: [variants.ring, variants.bsp], layers: 16, growth: [16] },
  short: { counts: [2, 4, 8], variants: compared, layers: 128, growth: [16, 128, 1000] },
  full: {
    counts: [2, 3, 4, 6, 8],
    variants: compared,
    layers: 256,
    growth: [16, 64, 256, 512, 1000],
  },
} as const;

/** What more devices than the study has may hold, so that one machine can emulate them. */
const furtherBytes = 512e6;

const hasServer = ({ architecture }: Variant): boolean => architecture === 'parameter-server';

function conditions(setting: StudySetting): readonly Condition[] {
  const { size, devices } = setting;
  const { counts, variants: asked } = sizes[size];
  const training = studiedDense(setting);
  const common = { workload: 'dense', training };
  const synchronous = asked.filter((variant) => variant !== variants.async);
  const [once, twice] = size === 'full' ? [{}, {}] : [{ repeats: 1 }, { repeats: 2 }];
  return [
    { ...common, variant: variants.single, devices: devices.slice(0, 1) },
    ...counts.flatMap((count): Condition[] => {
      const on = devicesFor(setting, count);
      if (!on) return [];
      if (count <= devices.length)
        return (size === 'full' || count === devices.length ? asked : synchronous).map(
          (variant) => ({
            ...common,
            variant,
            devices: on,
            ...((count < devices.length || hasServer(variant)) && once),
          }),
        );
      const least = Math.min(furtherBytes, ...devices.map(({ memoryBytes }) => memoryBytes));
      // With a server on a device of its own a step takes minutes there.
      const further = size === 'full' ? asked : asked.filter((variant) => !hasServer(variant));
      return further.map((variant) => ({
        ...common,
        variant,
        devices: withMemory(on, least),
        ...twice,
      }));
    }),
  ];
}

/** Layers as wide as the real net's, and work enough for many devices. */
const simulatedNet = ({ size, data }: StudySetting, layers: number): ReturnType<typeof denseNet> =>
  denseNet(
    { steps: 6, batch: 512, microbatches: 32, data },
    Math.min(256, denseSizes[size].width),
    layers,
  );

async function judge(
  { setting, trials }: StudyResults,
  progress: Progress = untold,
): Promise<Findings> {
  const finished = trials.filter(isFinished);
  const most = mostDevices(finished);
  const at = (variant: Variant): readonly FinishedTrial[] =>
    finished.filter(
      ({ condition }) =>
        condition.devices.length === most &&
        nameOfVariant(condition.variant) === nameOfVariant(variant),
    );
  const rivals = compared
    .filter(({ architecture }) => architecture !== 'ring')
    .flatMap((variant) => {
      const { a, b } = pairs(at(variants.ring), at(variant), ownStepSeconds);
      return a.length > 0 ? [{ variant, ratio: pairedRatio(a, b) }] : [];
    })
    .sort((one, other) => other.ratio.ratio - one.ratio.ratio);
  const [fastest] = rivals;
  if (!fastest || most < 2)
    return {
      verdict: 'undecided',
      effect: 'nothing to compare',
      sentences: [],
      exhibits: [],
    };
  const scaling = await simulateScaling(
    finished,
    most,
    {
      ...sizes[setting.size],
      netOf: (depth) => resolveFile(simulatedNet(setting, depth), 'simulated'),
    },
    progress,
  );
  const reach = widest(scaling);
  const heldOut = scaling.steps.filter(({ isHeldOut }) => isHeldOut);
  const errors = (heldOut.length > 0 ? heldOut : scaling.steps).map(({ error }) => Math.abs(error));
  const error = median(errors);
  const real = decideRatio(fastest.ratio, { least: 0, most: threshold });
  const simulated: Verdict = error > tolerance ? 'undecided' : reach.verdict;
  const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
  return {
    verdict: allOf([real, simulated]),
    effect: `on ${most} devices a step of the ring takes ${inTimes(fastest.ratio)} that of ${nameOfVariant(fastest.variant)}, the fastest of the others; simulated, ${reach.words}`,
    sentences: [
      ...rivals.map(
        ({ variant, ratio }) =>
          `On ${most} devices the ring’s step takes ${inTimes(ratio)} that of ${nameOfVariant(variant)}.`,
      ),
      ...againstOne(finished, most),
      heldOut.length > 0
        ? `Calibrated on runs with fewer devices, the simulator foretold a step on ${most} with a median error of ${percent(error)} (largest ${percent(Math.max(...errors))}), runs that it had not seen.`
        : `The simulator is calibrated on all runs that there are; its median error on these is ${percent(error)}.`,
      ...(error > tolerance
        ? [`That is more than ${percent(tolerance)}: what it says of more devices decides nothing.`]
        : []),
      describeConstants(scaling),
      ...scaling.wide.map(
        (curve) =>
          `Simulated over ${sizes[setting.size].layers} layers, ${nameOfVariant(curve.variant)} comes within a tenth of its least step on ${inDevices(saturation(curve))}${curve.isAtEnd ? ', the most that it was simulated with or could use' : ''}.`,
      ),
    ],
    exhibits: [
      realFigure(finished, scaling.steps, compared),
      realTable(finished, scaling.steps, most),
      simulatedFigure(scaling),
      growthTable(scaling),
    ],
    threats: [
      'beyond the devices really run all figures are simulated: the same nodes, on devices and links that are all alike, never fail and share nothing but what is modelled.',
      'the work is the same, so shares get smaller with each device; with a batch or a model that grows along, each way to train would scale further.',
      'an asynchronous server has no common steps and is not simulated.',
    ],
  };
}

/** How the ring does against no sharing at all. */
function againstOne(finished: readonly FinishedTrial[], most: number): readonly string[] {
  const of = (architecture: string, count: number): readonly FinishedTrial[] =>
    finished.filter(
      ({ condition }) =>
        condition.variant.architecture === architecture && condition.devices.length === count,
    );
  const { a, b } = pairs(of('single', 1), of('ring', most), ownStepSeconds, () => '');
  if (a.length === 0) return [];
  const { ratio } = pairedRatio(a, b);
  return [
    `One device alone takes ${inTimes(pairedRatio(a, b))} the ring’s time: an efficiency of ${((100 * ratio) / most).toFixed(0)} %.`,
  ];
}

function widest({ wide }: Scaling): { readonly verdict: Verdict; readonly words: string } {
  const ring = wide.find(({ variant }) => variant.architecture === 'ring');
  const others = wide.filter(({ variant }) => variant.architecture !== 'ring');
  if (!ring || others.length === 0) return { verdict: 'undecided', words: 'nothing was compared' };
  const most = Math.max(...others.map(saturation));
  const own = saturation(ring);
  return {
    verdict: own >= wider * most ? 'held' : 'not held',
    words: `the ring saturates at ${inDevices(own)}, the others at ${most} at most`,
  };
}

const inDevices = (count: number): string => (count === 1 ? '1 device' : `${count} devices`);

function describeConstants({ calibrated: { device, link } }: Scaling): string {
  const { speed, secondsPerFrame } = device;
  const rate =
    speed.productFlops > 0 ? `${(1e-9 / speed.productFlops).toFixed(1)} GFLOP/s in products, ` : '';
  return `Its constants: ${rate}${(1e6 * speed.operators).toFixed(0)} µs an operator, ${(1e3 * speed.runs).toFixed(2)} ms a call of the engine, ${(8e-6 * link.bytesPerSecond).toFixed(1)} Mbit/s a link, ${(1e3 * secondsPerFrame).toFixed(2)} ms a message.`;
}

export const scaling: Study = {
  name: 'scaling',
  title: 'Scaling',
  question:
    'How much faster is the same work done by more devices, and from how many on does one more bring nothing?',
  hypothesis: `On the most devices that were really run, a step of the ring takes at most ${threshold} times that of the fastest other way to share the work; and simulated with many more, the ring saturates at no fewer than ${wider} times as many devices as any of the others.`,
  method: (setting) => {
    const { size, devices } = setting;
    const { counts, layers, growth } = sizes[size];
    return `${describeDevices(devices)}, and as many of them as are wanted: 1, ${counts.join(', ')}. The dense net is trained with the same batch on each. The simulator plays the same nodes; its constants are fitted to what the meters of the runs with fewer than the most devices say, and the runs with most are held against it. It then trains ${layers} layers of ${Math.min(256, denseSizes[size].width)} with a batch of 512 on 1, 2, 4, … devices, and rings of as many as ${growth.at(-1)} devices with a layer each. A way to train is saturated where it is within a tenth of the shortest step that it ever reaches; it is simulated no further once three doublings in a row have brought less than that.`;
  },
  conditions,
  judge,
};
