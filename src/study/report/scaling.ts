// What more devices bring, as figures and tables: real beside simulated, and simulated far beyond.

import { ownStepSeconds } from '../measures.ts';
import { formatQuantity } from '../quantity.ts';
import { simulatedVariants } from '../scaling.ts';
import type { Scaling } from '../scaling.ts';
import { estimate, mean } from '../statistics.ts';
import type { Variant } from '../study.ts';
import { byCondition } from '../trials.ts';
import type { FinishedTrial } from '../trials.ts';
import { curves } from './curves.ts';
import type { Curve } from './curves.ts';
import type { Figure, StudyTable } from './exhibit.ts';
import { lookOfVariant, nameOfVariant, variantLegend } from './variant-look.ts';

const right = { align: 'right' } as const;

const isOf =
  (variant: Variant) =>
  (other: Variant): boolean =>
    nameOfVariant(variant) === nameOfVariant(other);

const countOf = ({ condition }: FinishedTrial): number => condition.devices.length;

/** One device alone is where every way to train begins. */
function realCurve(finished: readonly FinishedTrial[], variant: Variant): Curve {
  const groups = byCondition(finished).filter(
    ([trial]) =>
      isOf(variant)(trial!.condition.variant) || trial!.condition.variant.architecture === 'single',
  );
  const points = groups.map((own) => ({
    x: countOf(own[0]!),
    y: estimate(own.map(ownStepSeconds)),
  }));
  return { look: lookOfVariant(variant), points: points.sort((a, b) => a.x - b.x) };
}

export function realFigure(
  finished: readonly FinishedTrial[],
  steps: Scaling['steps'],
  compared: readonly Variant[],
): Figure {
  const shown = compared.filter((variant) =>
    finished.some(({ condition }) => isOf(variant)(condition.variant)),
  );
  const simulated = shown.flatMap((variant): Curve[] => {
    const own = steps.filter(
      ({ step }) => isOf(variant)(step.condition.variant) || step.architecture === 'single',
    );
    const points = own.map(({ step, seconds }) => ({
      x: step.condition.devices.length,
      y: { mean: seconds },
    }));
    if (!own.some(({ step }) => step.architecture !== 'single')) return [];
    return [
      {
        look: lookOfVariant(variant),
        points: points.sort((a, b) => a.x - b.x),
        isThin: true,
      },
    ];
  });
  const places = [...new Set(finished.map(countOf))].sort((a, b) => a - b);
  return {
    kind: 'figure',
    caption:
      'Seconds of a step of the same work, by number of devices, really run; bars are 95 % intervals. Dotted: what the calibrated simulator says.',
    label: 'Time of a step by number of devices',
    legend: variantLegend(shown),
    draw: (canvas) =>
      curves(
        [...simulated, ...shown.map((variant) => realCurve(finished, variant))],
        {
          x: 'devices',
          y: 'seconds of a step',
          logX: true,
          logY: true,
          ticksX: places,
          formatX: String,
          formatY: (value) => String(Number(value.toPrecision(2))),
        },
        canvas,
      ),
  };
}

export function realTable(
  finished: readonly FinishedTrial[],
  steps: Scaling['steps'],
  most: number,
): StudyTable {
  const single = finished.filter(({ condition }) => condition.variant.architecture === 'single');
  const alone = single.length > 0 ? mean(single.map(ownStepSeconds)) : undefined;
  const groups = [...byCondition(finished)].sort((a, b) => countOf(a[0]!) - countOf(b[0]!));
  return {
    kind: 'table',
    caption: `A step of the same work on more and more devices, at the devices’ own speed: really run, and simulated with constants from the runs with fewer than ${most} devices. Speed-up and efficiency are against one device.`,
    columns: [
      { title: 'devices' },
      { title: 'how' },
      { title: 'step', ...right },
      { title: 'speed-up', ...right },
      { title: 'efficiency', ...right },
      { title: 'simulated', ...right },
      { title: 'error', ...right },
      { title: 'calibrated with it' },
    ],
    rows: groups.map((own) => {
      const [first] = own as [FinishedTrial];
      const step = estimate(own.map(ownStepSeconds));
      const devices = countOf(first);
      const found = steps.find((each) => each.step.trials[0] === first);
      const speedup = alone === undefined ? undefined : alone / step.mean;
      return [
        String(devices),
        nameOfVariant(first.condition.variant),
        formatQuantity(step, 'seconds'),
        speedup === undefined ? '' : speedup.toFixed(2),
        speedup === undefined ? '' : formatQuantity(speedup / devices, 'share'),
        found ? formatQuantity(found.seconds, 'seconds') : 'not simulated',
        found ? `${found.error < 0 ? '−' : '+'}${Math.abs(100 * found.error).toFixed(1)} %` : '',
        found ? (found.isHeldOut ? 'no' : 'yes') : '',
      ];
    }),
  };
}

export function simulatedFigure({ wide, layers }: Scaling): Figure {
  const places = [...new Set(wide.flatMap(({ points }) => points.map(({ devices }) => devices)))];
  return {
    kind: 'figure',
    caption: `Simulated: how many times as fast as one device the same work is done, a net of ${layers} layers. The thin line is a device’s worth for each device.`,
    label: 'Simulated speed-up by number of devices',
    legend: variantLegend(wide.map(({ variant }) => variant)),
    draw: (canvas) =>
      curves(
        [
          {
            look: { ...lookOfVariant(simulatedVariants[0]!), stroke: 'currentColor' },
            points: places.map((devices) => ({ x: devices, y: { mean: devices } })),
            isThin: true,
          },
          ...wide.map(({ variant, points }) => ({
            look: lookOfVariant(variant),
            points: points.map(({ devices, seconds }) => ({
              x: devices,
              y: { mean: points[0]!.seconds / seconds },
            })),
          })),
        ],
        {
          x: 'devices',
          y: 'speed-up',
          logX: true,
          logY: true,
          ticksX: places.sort((a, b) => a - b),
          formatX: String,
          formatY: (value) => String(Number(value.toPrecision(2))),
        },
        canvas,
      ),
  };
}

export function growthTable({ grown }: Scaling): StudyTable {
  const [first] = grown;
  return {
    kind: 'table',
    caption:
      'Simulated: a net with as many hidden layers as there are devices. The ring is played by its own nodes; of the others stands what no schedule of theirs can go below, which favours them. Efficiency is against one device that trains the same net, had it the memory.',
    columns: [
      { title: 'devices' },
      { title: 'one device', ...right },
      { title: 'ring', ...right },
      { title: 'speed-up', ...right },
      { title: 'efficiency', ...right },
      ...(first?.least ?? []).map(({ variant }) => ({
        title: `${nameOfVariant(variant)}, at least`,
        ...right,
      })),
    ],
    rows: grown.map(({ devices, singleSeconds, ringSeconds, least }) => [
      String(devices),
      formatQuantity(singleSeconds, 'seconds'),
      ringSeconds === undefined ? 'cannot' : formatQuantity(ringSeconds, 'seconds'),
      ringSeconds === undefined ? '' : (singleSeconds / ringSeconds).toFixed(1),
      ringSeconds === undefined
        ? ''
        : formatQuantity(singleSeconds / ringSeconds / devices, 'share'),
      ...least.map(({ seconds }) => formatQuantity(seconds, 'seconds')),
    ]),
  };
}
