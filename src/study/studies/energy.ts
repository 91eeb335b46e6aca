// What a sample costs in joules, and a trained model: standing there, computing, sending.

import { decideRatio, inTimes } from '../decide.ts';
import { describeDevices, formatRate, rateOf, withRate } from '../devices.ts';
import { groupRuns } from '../groups.ts';
import { joulesPart, joulesToTarget } from '../measures.ts';
import { formatQuantity } from '../quantity.ts';
import { joulesBars } from '../report/costs.ts';
import { energySweeps, energyTable } from '../report/energy.ts';
import type { Exhibit } from '../report/exhibit.ts';
import { nameOfVariant } from '../report/variant-look.ts';
import { energiesOf } from '../results.ts';
import { estimate, pairedRatio } from '../statistics.ts';
import { variants } from '../study.ts';
import type {
  Condition,
  Findings,
  Study,
  StudyResults,
  StudySetting,
  TrainingFile,
  Variant,
} from '../study.ts';
import { areAlike, byCondition, isFinished, pairs } from '../trials.ts';
import type { FinishedTrial } from '../trials.ts';
import { denseNet } from '../workloads.ts';
import { idle } from './idle.ts';
import { studiedDense, usualMicrobatches } from './nets.ts';

/** Of the joules of the most frugal of the others. */
const threshold = 0.8;
/** Within reach of so few steps. */
const targetAccuracy = 0.7;

const shared: readonly Variant[] = [
  variants.ring,
  variants.bsp,
  variants.async,
  variants.colocated,
  variants.allReduce,
];
const compared: readonly Variant[] = [...shared, variants.single];

const toTarget = {
  tiny: [],
  short: [variants.ring, variants.bsp, variants.async, variants.single],
  full: compared,
} as const;

const mainOf = (setting: StudySetting, variant: Variant): Condition => ({
  workload: 'dense',
  training: studiedDense(setting),
  variant,
  devices: variant.architecture === 'single' ? setting.devices.slice(0, 1) : setting.devices,
});

/** So that it takes seconds: small steps over slow links are waiting, and nothing else. */
const targetRate = 100e6;

/** Small, so that it is trained within minutes, with layers enough for a ring; tested every 16 steps. */
const targetNet = ({ size, data, devices }: StudySetting): TrainingFile =>
  denseNet(
    {
      steps: size === 'full' ? 480 : 96,
      batch: 64,
      microbatches: 4,
      data,
      train: 1024,
      test: 256,
      learningRate: 0.1,
    },
    64,
    Math.max(3, devices.length),
  );

function conditions(setting: StudySetting): readonly Condition[] {
  const { size, devices, isReal } = setting;
  const quick = isReal ? devices : withRate(devices, targetRate);
  // What stands idle draws its floor: the runs are those of the study of idle time.
  const dense = idle
    .conditions(setting)
    .filter(
      ({ workload, training }) =>
        workload === 'dense' && training['microbatches'] === usualMicrobatches,
    );
  const few = size === 'full' ? {} : { repeats: 1 };
  return [
    ...dense,
    mainOf(setting, variants.single),
    ...toTarget[size].map((variant) => ({
      workload: 'to target',
      training: targetNet(setting),
      variant,
      devices: variant.architecture === 'single' ? quick.slice(0, 1) : quick,
      targetAccuracy,
      ...few,
    })),
  ];
}

const joules = ({ outcome: { run } }: FinishedTrial): number | undefined => run.joulesPerSample;

function judge({ setting, trials }: StudyResults): Findings {
  const finished = trials.filter(isFinished).filter((trial) => joules(trial) !== undefined);
  const main = (variant: Variant): readonly FinishedTrial[] =>
    finished.filter(({ condition }) => areAlike(condition, mainOf(setting, variant)));
  const ring = main(variants.ring);
  const against = (variant: Variant) => {
    const { a, b } = pairs(ring, main(variant), joules, ({ training }) => JSON.stringify(training));
    return a.length > 0 ? [{ variant, ratio: pairedRatio(a, b) }] : [];
  };
  const rivals = shared
    .filter(({ architecture }) => architecture !== 'ring')
    .flatMap(against)
    .sort((one, other) => other.ratio.ratio - one.ratio.ratio);
  const exhibits = exhibitsOf(setting, finished, main);
  const [nearest] = rivals;
  if (!nearest)
    return {
      verdict: 'undecided',
      effect:
        finished.length < trials.length
          ? 'devices without a sensor, of which no model is known: nothing to compare'
          : 'nothing to compare',
      sentences: [],
      exhibits,
    };
  const kinds = [
    ...new Set(finished.flatMap(({ outcome: { run } }) => energiesOf(run).map(({ kind }) => kind))),
  ];
  return {
    verdict: decideRatio(nearest.ratio, { least: 0, most: threshold }),
    effect: `a sample costs the ring ${inTimes(nearest.ratio)} the joules of ${nameOfVariant(nearest.variant)}, the most frugal of the others that share the work`,
    sentences: [
      `Joules are ${kinds.sort().join(' and ')}. A sample costs the ring ${formatQuantity(estimate(ring.flatMap((trial) => joules(trial) ?? [])), 'joules')}${partsInWords(ring)}.`,
      ...[...rivals, ...against(variants.single)].map(
        ({ variant, ratio }) =>
          `That is ${inTimes(ratio)} that of ${variant.architecture === 'single' ? 'one device alone, the others switched off' : nameOfVariant(variant)}.`,
      ),
      ...targetWords(finished),
    ],
    exhibits,
    threats: kinds.includes('modelled')
      ? [
          'joules are modelled: a board’s idle watts for as long as it takes, its load’s by the share of its cores that compute, and a radio’s by the byte. What a device does besides computing, such as copying bytes, costs nothing in it, and its radio is the one that such a board is most often used with, whatever its link is here.',
          'modelled joules follow from the time that runs took and from what they sent: they say no more than these and the constants do.',
        ]
      : [],
  };
}

const share = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(0)} %`;

/** `, 83 % of it for standing there …` */
function partsInWords(trials: readonly FinishedTrial[]): string {
  const [first] = trials;
  if (!first) return '';
  const { run } = first.outcome;
  const whole = run.joulesPerSample ?? NaN;
  const floor = joulesPart(run, 'floorJoules');
  const compute = joulesPart(run, 'computeJoules');
  const radio = joulesPart(run, 'radioJoules');
  if (floor === undefined) return '';
  const rest =
    compute === undefined || radio === undefined
      ? ''
      : `, ${share(compute, whole)} for computing, ${share(radio, whole)} for the radio`;
  return `, of which ${share(floor, whole)} are for standing there${rest}`;
}

function targetWords(finished: readonly FinishedTrial[]): readonly string[] {
  const reached = byCondition(
    finished.filter(({ condition }) => condition.targetAccuracy !== undefined),
  ).map((own) => {
    const values = own.flatMap(({ outcome: { run } }) => joulesToTarget(run) ?? []);
    const name = nameOfVariant(own[0]!.condition.variant);
    return values.length === 0
      ? `${name} did not reach it`
      : `${name} ${formatQuantity(estimate(values), 'joules')}${values.length < own.length ? ` (${values.length} of ${own.length} runs)` : ''}`;
  });
  return reached.length === 0
    ? []
    : [
        `To an accuracy of ${(100 * targetAccuracy).toFixed(0)} % on samples not trained with, a small net costs: ${reached.join('; ')}.`,
      ];
}

function exhibitsOf(
  setting: StudySetting,
  finished: readonly FinishedTrial[],
  main: (variant: Variant) => readonly FinishedTrial[],
): readonly Exhibit[] {
  if (finished.length === 0) return [];
  const exhibits: Exhibit[] = [];
  const runs = compared.flatMap(main).map(({ outcome: { run } }) => run);
  if (runs.length > 0) {
    const where = setting.isReal ? '' : ` at ${formatRate(rateOf(setting.devices))}`;
    exhibits.push({
      kind: 'figure',
      caption: `Joules of a sample of the dense net, all devices together, ${setting.devices.length} of them${where}. One device alone counts as if the others were switched off.`,
      label: 'Joules per sample of each way to train',
      ...joulesBars(groupRuns({ runs })),
    });
  }
  return [...exhibits, energyTable(finished), ...energySweeps(setting, finished, compared)];
}

export const energy: Study = {
  name: 'energy',
  title: 'Energy',
  question:
    'How many joules does a sample cost, by way of training, by rate of the links and by number of devices; what are they spent on; and how many does it take until the model is good?',
  hypothesis: `Training the dense net on the same devices and links, a sample costs a ring at most ${threshold} times the joules of any other way to share the work.`,
  method: (setting) =>
    `The dense runs of the study of idle time, on ${describeDevices(setting.devices)}, and one device alone. Joules count from the first commit to the last, of all devices together, those that are only servers too: measured where a device has a sensor that can be read, else modelled by its board’s published watts. The floor is what a device draws while it does nothing.${toTarget[setting.size].length > 0 ? ` A small net is trained besides${setting.isReal ? '' : `, at ${formatRate(targetRate)}`}, and tested every 16 steps, until an accuracy of ${(100 * targetAccuracy).toFixed(0)} %; its joules are those of the samples trained until then.` : ''}`,
  conditions,
  judge,
};
