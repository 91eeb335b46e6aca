// How far a step and a sample bring a model, by way of training: loss by iteration and by sample.

import { allOf, decide, decideRatio, inTimes } from '../decide.ts';
import { describeDevices, withRate } from '../devices.ts';
import { groupRuns } from '../groups.ts';
import { formatQuantity } from '../quantity.ts';
import type { Exhibit } from '../report/exhibit.ts';
import { lineLegend } from '../report/legend.ts';
import { lossCurves } from '../report/loss.ts';
import { nameOfVariant } from '../report/variant-look.ts';
import type { Run } from '../results.ts';
import { estimate, mean, pairedRatio } from '../statistics.ts';
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
import type { FinishedTrial } from '../trials.ts';
import { byCondition, isFinished, pairs } from '../trials.ts';
import { denseNet } from '../workloads.ts';
import { denseSizes, studiedDense } from './nets.ts';

/** Of the loss, between ways to train that are one mathematically. */
const agreement = 0.01;
/** What asynchronous training is expected to lose at least. */
const disadvantage = 1.05;
/** The last part of a run, over which its loss is taken: that of one batch is noise. */
const lastPart = 0.25;

const compared: readonly Variant[] = [
  variants.single,
  variants.ring,
  variants.bsp,
  variants.async,
  variants.allReduce,
];
const inStep = compared.filter(
  (variant) => !('consistency' in variant && variant.consistency === 'async'),
);

const sizes = {
  short: { steps: 64, batch: 64, width: 64, depth: 3 },
  full: { steps: 800, batch: 64, width: 128, depth: 3 },
} as const;

/**
 * Of this net, a third of the rate at which its loss begins to jump: from there on training is chaotic, and sums that
 * are only grouped in another order lead to another model.
 */
const learningRate = 0.1;

function trainingFor(setting: StudySetting): TrainingFile {
  const { size, data } = setting;
  if (size === 'tiny') return studiedDense(setting);
  const { steps, batch, width, depth } = sizes[size];
  return denseNet(
    { steps, batch, microbatches: 4, data, train: 8000, test: 1000, learningRate },
    width,
    depth,
  );
}

/** Nobody is measured by time here, so links need not be slow. */
const quickRate = 200e6;

/** They do the ring's sums, grouped otherwise: where time is short, one run shows it. */
const seenOnce: readonly Variant[] = [variants.bsp, variants.allReduce];

function conditions(setting: StudySetting): readonly Condition[] {
  const { size, devices, isReal } = setting;
  const training = trainingFor(setting);
  const on = isReal || size === 'tiny' ? devices : withRate(devices, quickRate);
  const asked = size === 'tiny' ? [variants.ring, variants.bsp, variants.async] : compared;
  return asked.map((variant) => ({
    workload: size === 'tiny' ? 'dense' : 'small dense',
    training,
    variant,
    devices: on,
    ...(size === 'short' && seenOnce.includes(variant) && { repeats: 1 }),
  }));
}

const finalLoss = ({ steps }: Run): number =>
  mean(steps.slice(-Math.max(1, Math.round(lastPart * steps.length))).map(({ loss }) => loss));

/** The widest relative gap of two runs at equal steps. */
const gapOf = (run: Run, other: Run): number =>
  Math.max(
    0,
    ...run.steps.map(({ loss }, at) => Math.abs(loss / (other.steps[at]?.loss ?? loss) - 1)),
  );

function judge({ trials }: StudyResults): Findings {
  const finished = trials.filter(isFinished);
  const of = ({ architecture, consistency }: Variant): readonly FinishedTrial[] =>
    finished.filter(
      ({ condition: { variant } }) =>
        variant.architecture === architecture && variant.consistency === consistency,
    );
  const ring = of(variants.ring);
  const gaps = inStep.flatMap((variant) => {
    if (variant === variants.ring) return [];
    const widest = of(variant).flatMap(({ repeat, outcome }) =>
      ring.filter((own) => own.repeat === repeat).map((own) => gapOf(own.outcome.run, outcome.run)),
    );
    return widest.length > 0 ? [{ variant, gap: Math.max(...widest) }] : [];
  });
  const { a, b } = pairs(of(variants.async), ring, ({ outcome }) => finalLoss(outcome.run));
  const exhibits = exhibitsOf(finished);
  if (gaps.length === 0 || a.length === 0)
    return { verdict: 'undecided', effect: 'nothing to compare', sentences: [], exhibits };
  const ratio = pairedRatio(a, b);
  const gap = Math.max(...gaps.map((each) => each.gap));
  const share = (value: number): string =>
    value === 0 ? 'nothing, to the bit' : `${Number((100 * value).toPrecision(2))} %`;
  return {
    verdict: allOf([
      decide({ mean: gap }, { least: 0, most: agreement }),
      decideRatio(ratio, { least: disadvantage, most: Infinity }),
    ]),
    effect: `synchronous losses within ${share(gap)}; asynchronous loss ${inTimes(ratio)} the ring’s`,
    sentences: [
      ...gaps.map(
        (each) =>
          `At equal steps, the losses of the ring and of ${nameOfVariant(each.variant)} differ by ${each.gap === 0 ? '' : 'at most '}${share(each.gap)}.`,
      ),
      `Over the last quarter of the samples, the loss of the asynchronous parameter server is ${inTimes(ratio)} that of the ring.`,
      'A step of all of them is one global batch, the asynchronous one’s counted as as many pushes as there are workers: loss by iteration and by sample are one figure.',
    ],
    exhibits,
    threats: [
      `Ways to train that are one mathematically group their sums differently. At a learning rate of ${learningRate} that does not show; at three times as much the loss jumps, and after some twenty steps they part for good.`,
      'How stale asynchronous gradients are depends on who happens to be faster; on other devices and links it will be another figure.',
    ],
  };
}

function exhibitsOf(finished: readonly FinishedTrial[]): readonly Exhibit[] {
  if (finished.length === 0) return [];
  const groups = groupRuns({ runs: finished.map(({ outcome: { run } }) => run) });
  const right = { align: 'right' } as const;
  return [
    {
      kind: 'figure',
      caption:
        'Loss by samples. Synchronous ways to train lie on one line; bold is one run of each, faint are its repeats with other seeds.',
      label: 'Loss by samples',
      legend: lineLegend(groups),
      draw: (canvas) => lossCurves(groups, 'samples', canvas),
    },
    {
      kind: 'table',
      caption:
        'Loss over the last quarter of the samples, and accuracy on samples that none was trained on.',
      columns: [
        { title: 'how' },
        { title: 'loss', ...right },
        { title: 'accuracy', ...right },
        { title: 'runs', ...right },
      ],
      rows: byCondition(finished).map((own) => {
        const accuracies = own.flatMap(({ outcome }) => outcome.run.accuracy ?? []);
        return [
          nameOfVariant(own[0]!.condition.variant),
          formatQuantity(estimate(own.map(({ outcome }) => finalLoss(outcome.run))), 'loss'),
          accuracies.length > 0 ? formatQuantity(estimate(accuracies), 'share') : '–',
          String(own.length),
        ];
      }),
    },
  ];
}

export const progress: Study = {
  name: 'progress',
  title: 'Progress by step',
  question:
    'How far does one step, and how far does one sample, bring the model, by way of training?',
  hypothesis: `At equal steps the losses of the ring, one device, the synchronous parameter server and all-reduce are the same within ${100 * agreement} %; the asynchronous parameter server’s is at least ${Math.round(100 * (disadvantage - 1))} % higher over the last quarter of the samples.`,
  method: (setting) => {
    const { steps, batch } = setting.size === 'tiny' ? denseSizes.tiny : sizes[setting.size];
    return `${describeDevices(setting.devices)}. A small dense net is trained ${steps} steps of ${batch} samples, plain SGD, each way with the same seed in a pair and another in each repeat. Links are fast here, since it is not time that is measured.`;
  },
  conditions,
  judge,
};
