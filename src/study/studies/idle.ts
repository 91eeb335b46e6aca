// How long nodes stand idle: by way of training, by link and by number of devices, each beside what its own
// schedule allows.

import { describeDevices, devicesFor, formatRate, rateOf, withRate } from '../devices.ts';
import type { StudyDevice } from '../devices.ts';
import { decide, inPoints } from '../decide.ts';
import { groupRuns } from '../groups.ts';
import { causeShare, idleOfWorkers, leastIdleShare } from '../measures.ts';
import { formatQuantity } from '../quantity.ts';
import type { Exhibit } from '../report/exhibit.ts';
import { idleBars, idleLegend } from '../report/idle.ts';
import { runTimeline, timelineLegend } from '../report/timeline.ts';
import { boundTable } from '../report/bound-table.ts';
import { sweepFigure } from '../report/sweep.ts';
import { nameOfVariant } from '../report/variant-look.ts';
import { estimate, mean, pairedDifference } from '../statistics.ts';
import { variants } from '../study.ts';
import type { Condition, Findings, Study, StudyResults, StudySetting, Variant } from '../study.ts';
import type { FinishedTrial } from '../trials.ts';
import { areAlike, isFinished, pairs } from '../trials.ts';
import {
  denseSizes,
  studiedConvolutional,
  studiedDeepNarrow,
  studiedDense,
  usualMicrobatches,
} from './nets.ts';

/** In shares of the time. */
const threshold = 0.1;
const tolerance = 0.05;
const [fewMicrobatches, manyMicrobatches] = [usualMicrobatches, 32];

const compared: readonly Variant[] = [
  variants.ring,
  variants.bsp,
  variants.async,
  variants.colocated,
  variants.allReduce,
];

const sizes = {
  tiny: { variants: [variants.ring, variants.bsp], rates: [], counts: [] },
  short: { variants: compared, rates: [100e6], counts: [2] },
  full: { variants: compared, rates: [5e6, 50e6, 100e6], counts: [2, 3, 6, 8] },
} as const;

const conditionOf = (
  setting: StudySetting,
  variant: Variant,
  microbatches: number = fewMicrobatches,
  devices: readonly StudyDevice[] = setting.devices,
): Condition => ({
  workload: 'dense',
  training: studiedDense(setting, microbatches),
  variant,
  devices,
});

function conditions(setting: StudySetting): readonly Condition[] {
  const { size, devices, isReal } = setting;
  const { variants: asked, rates, counts } = sizes[size];
  const elsewhere = [
    ...(isReal ? [] : rates.map((rate) => withRate(devices, rate))),
    ...counts.flatMap((count) => {
      const some = devicesFor(setting, count);
      return some ? [some] : [];
    }),
  ];
  // What is varied besides is made once where time is short, and so is what takes longest and is idle most.
  const few = size === 'full' ? {} : { repeats: 1 };
  // Where time is short, asynchronous pushes are looked at once.
  const isNeeded = (variant: Variant): boolean => size === 'full' || variant !== variants.async;
  return [
    ...asked.map((variant) => ({
      ...conditionOf(setting, variant),
      ...(variant.architecture === 'parameter-server' && few),
    })),
    ...(size === 'tiny' ? [] : [conditionOf(setting, variants.ring, manyMicrobatches)]),
    ...elsewhere.flatMap((on) =>
      asked.filter(isNeeded).map((variant) => ({
        ...conditionOf(setting, variant, fewMicrobatches, on),
        ...few,
      })),
    ),
    ...(size === 'tiny' ? [] : asked.filter(isNeeded)).flatMap((variant) =>
      [
        { workload: 'convolutional', training: studiedConvolutional(setting) },
        { workload: 'deep narrow', training: studiedDeepNarrow(setting) },
      ].map((trained) => ({ ...trained, variant, devices, ...few })),
    ),
  ];
}

const idleOf = ({ outcome: { run } }: FinishedTrial): number => idleOfWorkers(run);

/** The share of the time in which engines waited for the thread that gives them their works. */
const ownThreadOf = ({ outcome: { run } }: FinishedTrial): number =>
  mean(run.nodes.map(({ figures }) => causeShare(figures, 'node')));

function judge({ setting, trials }: StudyResults): Findings {
  const finished = trials.filter(isFinished);
  const matching = (condition: Condition): readonly FinishedTrial[] =>
    finished.filter((trial) => areAlike(trial.condition, condition));
  const main = (variant: Variant): readonly FinishedTrial[] =>
    matching(conditionOf(setting, variant));
  const ring = main(variants.ring);
  const rivals = compared
    .filter(({ architecture }) => architecture !== 'ring')
    .flatMap((variant) => {
      const { a, b } = pairs(ring, main(variant), idleOf);
      return a.length > 0 ? [{ variant, difference: pairedDifference(a, b) }] : [];
    })
    .sort((a, b) => b.difference.mean - a.difference.mean);
  const distances = [fewMicrobatches, manyMicrobatches].flatMap((microbatches) => {
    const own = matching(conditionOf(setting, variants.ring, microbatches));
    if (own.length === 0) return [];
    const distance = estimate(own.map((trial) => idleOf(trial) - leastIdleShare(trial)));
    return [{ microbatches, distance, ownThread: estimate(own.map(ownThreadOf)) }];
  });
  const [nearest] = rivals;
  const exhibits = exhibitsOf(setting, finished, main, matching);
  if (!nearest)
    return { verdict: 'undecided', effect: 'nothing to compare', sentences: [], exhibits };
  const { difference } = nearest;
  return {
    verdict: decide(difference, { least: -Infinity, most: -threshold }),
    effect: `the ring is idle ${inPoints(difference)} against ${nameOfVariant(nearest.variant)}, the nearest of the others`,
    sentences: [
      `Workers of the ring were idle ${formatQuantity(estimate(ring.map(idleOf)), 'share')} of the time.`,
      ...rivals.map(
        ({ variant, difference: each }) =>
          `Against ${nameOfVariant(variant)} that is ${inPoints(each)}.`,
      ),
      ...distances.map(
        ({ microbatches, distance, ownThread }) =>
          `With ${microbatches} microbatches the ring is ${inPoints(distance)} from the least that any schedule allows on these devices and links${distance.mean > tolerance ? `, more than the ${100 * tolerance} points that were aimed at` : ''}; engines waited ${formatQuantity(ownThread, 'share')} of the time for their own node’s thread, which handles messages.`,
      ),
    ],
    exhibits,
  };
}

function exhibitsOf(
  setting: StudySetting,
  finished: readonly FinishedTrial[],
  main: (variant: Variant) => readonly FinishedTrial[],
  matching: (condition: Condition) => readonly FinishedTrial[],
): readonly Exhibit[] {
  const shown = compared.filter((variant) => main(variant).length > 0);
  if (shown.length === 0) return [];
  const groups = groupRuns({ runs: shown.flatMap(main).map(({ outcome: { run } }) => run) });
  const rate = formatRate(rateOf(setting.devices));
  const where = setting.isReal ? '' : ` at ${rate}`;
  const exhibits: Exhibit[] = [
    {
      kind: 'figure',
      caption: `Idle time by its causes, node by node: ${setting.devices.length} devices${where}, ${fewMicrobatches} microbatches. In the solid part a node computes.`,
      label: 'Share of time in which each node computes and waits',
      legend: idleLegend(groups),
      draw: (canvas) => idleBars(groups, canvas),
    },
    boundTable(finished),
  ];
  const typical = matching(conditionOf(setting, variants.ring))[0];
  const timeline = typical && runTimeline(typical.outcome.run);
  if (timeline)
    exhibits.push({
      kind: 'figure',
      caption: `The ring’s last steps: where a row is empty, the node’s engine waits. Forwards and backwards of different microbatches overlap; thin rows are the links, a dashed line is a commit.`,
      label: 'Timeline of the last steps of the ring',
      legend: timelineLegend(['forward', 'backward', 'weights', 'update', 'other']),
      draw: timeline,
    });
  return [...exhibits, ...sweeps(setting, finished)];
}

/** Over the rate of the links, and over the number of devices. */
function sweeps({ devices, isReal }: StudySetting, finished: readonly FinishedTrial[]) {
  const dense = finished.filter(
    ({ condition: { workload, training } }) =>
      workload === 'dense' && training['microbatches'] === fewMicrobatches,
  );
  const common = {
    variants: compared,
    y: 'idle share of the workers',
    figure: idleOf,
    bound: leastIdleShare,
    isShare: true,
  } as const;
  const note =
    'bars are 95 % intervals. The dotted line is the least that any schedule allows a ring.';
  return [
    ...sweepFigure(
      dense.filter(({ condition }) => condition.devices.length === devices.length),
      {
        ...common,
        caption: `Idle share of the workers by rate of the links, ${devices.length} devices; ${note}`,
        x: 'rate of a link, Mbit/s',
        at: ({ devices: on }) => rateOf(on) / 1e6,
        logX: true,
      },
    ),
    ...sweepFigure(
      dense.filter(({ condition }) => isReal || rateOf(condition.devices) === rateOf(devices)),
      {
        ...common,
        caption: `Idle share of the workers by number of devices; ${note}`,
        x: 'devices',
        at: ({ devices: on }) => on.length,
      },
    ),
  ];
}

export const idle: Study = {
  name: 'idle',
  title: 'Idle time',
  question:
    'How much of the time do workers stand idle, by way of training, by number of devices and by rate of their links, and what keeps them waiting?',
  hypothesis: `Training the dense net, workers of a ring are idle at least ${100 * threshold} percentage points less than those of a parameter server (bsp, asynchronous, or beside the workers) and of all-reduce, on the same devices and links.`,
  method: ({ size, devices }) =>
    `${describeDevices(devices)}. A dense net of ${denseSizes[size].depth} hidden layers of ${denseSizes[size].width} is trained ${denseSizes[size].steps} steps of ${denseSizes[size].batch} samples each way, with the same seed; idle is 1 − computing / wall time from the first commit to the last, mean over the nodes that compute. A device that is only a server is left out, in favour of the parameter server. The threshold is held against the 95 % interval of the differences within pairs.`,
  conditions,
  judge,
};
