// What communication costs a step: whether computing and sending add up or hide each other.

import { allOf, decide } from '../decide.ts';
import { formatRate, rateOf, withRate } from '../devices.ts';
import type { StudyDevice } from '../devices.ts';
import { formatQuantity } from '../quantity.ts';
import type { Exhibit } from '../report/exhibit.ts';
import { overlapFigure } from '../report/overlap.ts';
import { nameOfVariant } from '../report/variant-look.ts';
import { estimate, mean } from '../statistics.ts';
import type { Estimate } from '../statistics.ts';
import { isSerial, partsOf, placeOf } from '../step-parts.ts';
import type { Parts } from '../step-parts.ts';
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
import { byCondition, isFinished } from '../trials.ts';
import { denseNet } from '../workloads.ts';
import { studiedConvolutional, studiedDense } from './nets.ts';

/** With so many microbatches much overlaps, with one nothing can. */
const [manyMicrobatches, oneMicrobatch] = [32, 1];
/** Nearer to the larger of the two than to their sum. */
const threshold = 0.5;
/** Where one is more than so many times the other, sum and maximum are nearly the same. */
const mostApart = 4;

const rates = {
  tiny: [],
  short: [20e6, 50e6, 400e6],
  full: [5e6, 20e6, 50e6, 100e6, 200e6, 400e6, 800e6],
} as const;

/**
 * Wide, so that a step is computing and sending and little else: what a message costs besides its bytes is the same
 * for small ones.
 */
const [width, depth] = [1024, 8];

const wideDense = ({ size, data }: StudySetting, microbatches: number): TrainingFile =>
  denseNet({ steps: size === 'full' ? 12 : 3, batch: 512, microbatches, data }, width, depth);

const others: readonly Variant[] = [variants.bsp, variants.async, variants.allReduce];

function conditions(setting: StudySetting): readonly Condition[] {
  const { size, devices, isReal } = setting;
  if (size === 'tiny')
    return [variants.ring, variants.bsp].map((variant) => ({
      workload: 'dense',
      training: studiedDense(setting),
      variant,
      devices,
    }));
  const places = isReal ? [devices] : rates[size].map((rate) => withRate(devices, rate));
  const few = size === 'full' ? {} : { repeats: 1 };
  // Where links are fast there is next to nothing to overlap.
  const isFast = (on: readonly StudyDevice[]): boolean =>
    size === 'short' && places.length > 1 && on === places.at(-1);
  const ring = (on: readonly StudyDevice[], microbatches: number): Condition => ({
    workload: 'wide dense',
    training: wideDense(setting, microbatches),
    variant: variants.ring,
    devices: on,
  });
  return places.flatMap((on) => [
    { ...ring(on, manyMicrobatches), ...(isFast(on) && few) },
    ...(isFast(on) ? [] : [{ ...ring(on, oneMicrobatch), ...few }]),
    ...others.map((variant) => ({
      workload: 'convolutional',
      training: studiedConvolutional(setting),
      variant,
      devices: on,
      ...few,
    })),
  ]);
}

const isComparable = ({ compute, transfer }: Parts): boolean =>
  Math.max(compute, transfer) <= mostApart * Math.min(compute, transfer);

const describe = ({ variant, training }: Condition): string =>
  variant.architecture === 'ring'
    ? `ring, m = ${Number(training['microbatches'])}`
    : nameOfVariant(variant);

/** Where on the scale the runs of one condition stand. */
interface Placed {
  readonly where: string;
  readonly place: Estimate;
}

const whereOf = ({ devices }: Condition): string =>
  rateOf(devices) > 0 ? ` at ${formatRate(rateOf(devices))}` : '';

function judge({ trials }: StudyResults): Findings {
  const finished = trials.filter(isFinished);
  const kinds = [...new Set(finished.map(({ condition }) => describe(condition)))];
  const places = kinds.map((kind) => {
    const own = finished.filter(({ condition }) => describe(condition) === kind);
    const comparable = own.filter((trial) => isComparable(partsOf(trial)));
    const at = byCondition(comparable).map((trials) => ({
      where: whereOf(trials[0]!.condition),
      place: estimate(trials.map((trial) => placeOf(partsOf(trial)))),
    }));
    return { kind, at };
  });
  const [overlapped = [], serial = []] = [manyMicrobatches, oneMicrobatch].map(
    (microbatches) => places.find(({ kind }) => kind === `ring, m = ${microbatches}`)?.at ?? [],
  );
  const exhibits = exhibitsOf(finished);
  if (overlapped.length === 0)
    return {
      verdict: 'undecided',
      effect: 'no run in which computing and sending take comparably long',
      sentences: [],
      exhibits,
    };
  const said = (at: readonly Placed[]): string =>
    at
      .map(({ where, place: { mean: middle, halfWidth } }) => {
        const interval = halfWidth === undefined ? '' : ` ± ${halfWidth.toFixed(2)}`;
        return `${middle.toFixed(2)}${interval}${where}`;
      })
      .join(', ');
  return {
    verdict: allOf(
      overlapped.map(({ place }) => decide(place, { least: -Infinity, most: threshold })),
    ),
    effect: `on a scale from max(c, T), 0, to c + T, 1, a step with ${manyMicrobatches} microbatches stands at ${said(overlapped)}${serial.length > 0 ? `; with one, at ${said(serial)}` : ''}`,
    sentences: [
      `On a scale on which 0 is max(c, T) and 1 is c + T, where neither is more than ${mostApart} times the other:`,
      ...places.filter(({ at }) => at.length > 0).map(({ kind, at }) => `${kind}: ${said(at)}.`),
      ...places
        .filter(({ at }) => at.length === 0)
        .map(({ kind }) => `${kind}: in no run are the two comparable.`),
      'Above 1, a step waits for something that is neither: latency, the messages’ way through slow processors, or a pipeline that fills and empties.',
    ],
    exhibits,
    threats: [
      'c is how long the busiest port takes at the rate of its link: in a lab with headers and acknowledgements, elsewhere without. What has to be sent again is not in it.',
    ],
  };
}

function exhibitsOf(finished: readonly FinishedTrial[]): readonly Exhibit[] {
  if (finished.length === 0) return [];
  const right = { align: 'right' } as const;
  const groups = byCondition(finished);
  const rows = groups.map((own) => {
    const [{ condition }] = own as [FinishedTrial];
    const parts = own.map(partsOf);
    const of = (figure: (parts: Parts) => number): number => mean(parts.map(figure));
    const seconds = (figure: (parts: Parts) => number): string =>
      formatQuantity(of(figure), 'seconds');
    return [
      describe(condition),
      condition.workload,
      rateOf(condition.devices) > 0 ? formatRate(rateOf(condition.devices)) : 'as it is',
      seconds(({ transfer }) => transfer),
      seconds(({ compute }) => compute),
      seconds(({ compute, transfer }) => Math.max(compute, transfer)),
      seconds(({ compute, transfer }) => compute + transfer),
      seconds(({ step }) => step),
      of(placeOf).toFixed(2),
    ];
  });
  return [
    overlapFigure(
      groups.map((own) => {
        const parts = own.map(partsOf);
        return {
          name: describe(own[0]!.condition),
          variant: own[0]!.condition.variant,
          isSerial: isSerial(own[0]!.condition),
          ratio: mean(parts.map(({ compute, transfer }) => transfer / compute)),
          steps: parts.map(({ compute, step }) => step / compute),
        };
      }),
    ),
    {
      kind: 'table',
      caption:
        'Seconds of a step that go into sending (c, of the busiest port) and computing (T, of the busiest node), what either formula makes of them, and what a step took. The last column is 0 at max(c, T) and 1 at c + T.',
      columns: [
        { title: 'how' },
        { title: 'workload' },
        { title: 'link' },
        { title: 'c', ...right },
        { title: 'T', ...right },
        { title: 'max(c, T)', ...right },
        { title: 'c + T', ...right },
        { title: 'step', ...right },
        { title: 'place', ...right },
      ],
      rows,
    },
  ];
}

export const communication: Study = {
  name: 'communication',
  title: 'Communication and overlap',
  question:
    'Is the time of I iterations I·(c + T), computing T and sending c one after the other, or I·max(c, T), one hidden behind the other?',
  hypothesis: `With ${manyMicrobatches} microbatches a step of the ring is nearer to max(c, T) than to c + T wherever neither of the two is more than ${mostApart} times the other.`,
  method: ({ size }) =>
    size === 'tiny'
      ? 'One rate only: c and T of each run are measured, and its step is held against both formulas.'
      : `The rate of the links is varied from ${formatRate(rates[size][0])} to ${formatRate(rates[size].at(-1)!)}, which varies c and leaves T. The ring trains a dense net of ${depth} hidden layers of ${width} with ${manyMicrobatches} microbatches, and with one, where nothing can overlap; parameter server and all-reduce train the convolutional one, whose weights are small enough that c comes near T. c and T are measured in each run itself, from commit to commit.`,
  conditions,
  judge,
};
