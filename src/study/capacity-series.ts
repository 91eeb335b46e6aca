// What the study of capacity searches through: for each way to train, optimizer and kind of copies, nets that grow
// in depth or in width; and how large the largest can be at most. Pure.

import { usableBytes } from '../plan/cutter.ts';
import { devicesFor, withMemory, withRate } from './devices.ts';
import type { StudyDevice } from './devices.ts';
import type { Copies } from './faults.ts';
import { searchOrder } from './search.ts';
import { variants } from './study.ts';
import type { Condition, StudySetting, StudySize, TrainingFile, Variant } from './study.ts';
import { denseNet } from './workloads.ts';

type Optimizer = 'sgd' | 'adam';
type Growth = 'deeper' | 'wider';

/** One search. */
export interface Series {
  readonly growth: Growth;
  readonly variant: Variant;
  readonly optimizer: Optimizer;
  readonly copies: Copies['on'];
  /** As many as nodes. */
  readonly devices: readonly StudyDevice[];
}

interface Sizes {
  readonly memories: readonly number[];
  readonly counts: readonly number[];
  /** The width of what grows deeper, and the depth of what grows wider. */
  readonly width: number;
  readonly depth: number;
  /** From one net to the next larger one. */
  readonly factor: number;
}

export const capacitySizes: Readonly<Record<StudySize, Sizes>> = {
  tiny: { memories: [320e6], counts: [2], width: 1024, depth: 12, factor: 3 },
  short: { memories: [320e6], counts: [4], width: 1024, depth: 31, factor: 1.1 },
  full: {
    memories: [320e6, 512e6, 1e9],
    counts: [2, 3, 4, 6, 8],
    width: 1024,
    depth: 31,
    factor: 1.05,
  },
};

/** Memory does not depend on the links' rate: with a high one the runs are short. */
const bitsPerSecond = 10e9;
const [batch, microbatches] = [8, 4];
/** Copies in memory have to pile up first. */
const steps = { disk: 3, memory: 8 } as const;
/** 28 by 28 pixels of a digit. */
const inputs = 784;
/** Small enough that no net of any depth comes to values that are not finite: what is learned is of no interest. */
const learningRate = 1e-6;
/** Of a process that holds next to nothing, as measured on Linux; and of one with messages on their way. */
const emptyProcessBytes = 80e6;
const busyProcessBytes = 150e6;
/** How far the smallest and the largest net are from what is expected, in either direction. */
const margin = 2;

const { ring, bsp, async, colocated, allReduce, single } = variants;

/** Of this study, all on the built-in digits: what is learned makes no difference to memory. */
export function seriesOf(setting: StudySetting): readonly Series[] {
  const { size, isReal } = setting;
  const { memories, counts } = capacitySizes[size];
  const places = isReal
    ? [setting.devices]
    : counts.flatMap((count) =>
        memories.map((bytes) =>
          withRate(withMemory(devicesFor(setting, count)!, bytes), bitsPerSecond),
        ),
      );
  const main = mainDevices(places);
  const plain = { growth: 'deeper', optimizer: 'sgd', copies: 'disk' } as const;
  const ways = size === 'full' ? [ring, bsp, async, colocated, allReduce] : [ring];
  const compared = size === 'tiny' ? [bsp] : [bsp, async, colocated, allReduce];
  const all: readonly Series[] = [
    ...[ring, ...compared].map((variant) => ({ ...plain, variant, devices: main })),
    ...places.flatMap((devices) => ways.map((variant) => ({ ...plain, variant, devices }))),
    ...(size === 'tiny'
      ? []
      : ([
          { ...plain, optimizer: 'adam', variant: ring, devices: main },
          { ...plain, copies: 'memory', variant: ring, devices: main },
          { ...plain, growth: 'wider', variant: ring, devices: main },
        ] as const)),
    ...(size === 'full'
      ? ([
          { ...plain, growth: 'wider', variant: bsp, devices: main },
          { ...plain, optimizer: 'adam', variant: bsp, devices: main },
          { ...plain, optimizer: 'adam', variant: allReduce, devices: main },
          { ...plain, variant: single, devices: main.slice(0, 1) },
        ] as const)
      : []),
  ];
  return [...new Map(all.map((series) => [JSON.stringify(series), series])).values()];
}

/** Four devices if there are, or as many as there are, of the least memory: what the verdict is about. */
export function mainDevices(places: readonly (readonly StudyDevice[])[]): readonly StudyDevice[] {
  const least = Math.min(...places.map(([device]) => device!.memoryBytes));
  const small = places.filter(([device]) => device!.memoryBytes === least);
  return small.find(({ length }) => length === 4) ?? small.at(-1)!;
}

/** The search's conditions, in the order in which they are to be tried. */
export function conditionsOf(series: Series, size: StudySize): readonly Condition[] {
  const { width, depth, factor } = capacitySizes[size];
  const { growth, variant, optimizer, copies, devices } = series;
  const expected = expectedParameters(series);
  const trainings = new Map<number, TrainingFile>();
  const reach = Math.ceil(Math.log(margin) / Math.log(factor));
  for (let at = -reach; at <= reach; at += 1) {
    const parameters = expected * factor ** at;
    const training = denseNet(
      { batch, microbatches, steps: steps[copies], train: 100, test: 10, optimizer, learningRate },
      ...(growth === 'deeper'
        ? ([width, Math.max(1, Math.round(parameters / width ** 2))] as const)
        : ([8 * Math.max(1, Math.round(Math.sqrt(parameters / depth) / 8)), depth] as const)),
    );
    trainings.set(parametersOf(training), training);
  }
  const sizes = [...trainings.keys()].toSorted((a, b) => a - b);
  const start = sizes.findLastIndex((parameters) => parameters <= expected);
  return searchOrder(sizes.length, start).map((at) => ({
    workload: `${growth} and ${growth}, ${optimizer === 'sgd' ? 'SGD' : 'Adam'}`,
    training: trainings.get(sizes[at]!)!,
    variant,
    devices,
    untimed: true,
    ...(variant.architecture === 'ring' && { copies: { on: copies, everySteps: 1 } }),
  }));
}

/** Weights and biases of its dense layers. */
export function parametersOf(training: TrainingFile): number {
  let width = inputs;
  let parameters = 0;
  for (const { units } of training['model'] as readonly { readonly units?: number }[])
    if (units !== undefined) {
      parameters += (width + 1) * units;
      width = units;
    }
  return parameters;
}

/**
 * For each parameter of the model, on the device that has the most to hold: weight and gradient 4 bytes each, and
 * Adam's two moments; on a server two places for gradients; of copies in memory at least the last one, of the
 * node's own layers and of its neighbour's, and now and then one more. Nothing for activations and messages.
 */
export function bytesPerParameter({ variant, optimizer, copies, devices }: Series): number {
  const moments = optimizer === 'adam' ? 8 : 0;
  const whole = 8 + moments;
  const shard = 12 + moments;
  switch (variant.architecture) {
    case 'ring':
      return (whole + (copies === 'memory' ? 2 * (4 + moments) : 0)) / devices.length;
    case 'parameter-server':
      return Math.max(8, shard);
    case 'parameter-server-colocated':
      return 8 + shard / devices.length;
    case 'all-reduce':
    case 'single':
      return whole;
  }
}

const memoryOf = ({ devices }: Series): number =>
  Math.min(...devices.map(({ memoryBytes }) => memoryBytes));

/** No more than that can be held. */
export const mostParameters = (series: Series): number =>
  (memoryOf(series) - emptyProcessBytes) / bytesPerParameter(series);

/** Where a search begins. */
function expectedParameters(series: Series): number {
  const memory = memoryOf(series);
  const isRing = series.variant.architecture === 'ring';
  const free = isRing ? usableBytes(memory) : memory - busyProcessBytes;
  // With copies in memory, three more of a parameter for a while: of older copies, and of those on their way.
  const passing = series.copies === 'memory' ? (3 * 4) / series.devices.length : 0;
  return free / (bytesPerParameter(series) + passing);
}
