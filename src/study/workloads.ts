// What the studies train: plain training files. Each is there for what it does to the links: the dense net has
// large weights and small activations, which favours a ring; the convolutional one has large maps and small
// weights at its front, which does not; the deep narrow one has many layers to share out. Those that are too
// large for a single device grow out of the dense one. Pure.

import type { TrainingFile } from './study.ts';

/** Digits that the program draws itself; `--data` puts another training file's data in their place. */
const digits = (train: number, test: number): TrainingFile => ({ kind: 'digits', train, test });

export interface WorkloadOptions {
  /** In the place of digits. */
  readonly data?: TrainingFile | undefined;
  /** Of the digits; so many that no test falls between a few steps unless it is wanted. */
  readonly train?: number;
  readonly test?: number;
  /** Samples of a step. */
  readonly batch: number;
  readonly microbatches: number;
  readonly steps: number;
  readonly optimizer?: 'sgd' | 'adam';
  readonly learningRate?: number;
}

type Layers = readonly TrainingFile[];

const dense = (units: number): TrainingFile => ({ layer: 'dense', units });
const relu = { layer: 'relu' };
const flatten = { layer: 'flatten' };
const pool = { layer: 'maxPool2d', kernel: 2 };
const convolution = (filters: number): Layers => [
  { layer: 'conv2d', filters, kernel: 3, padding: 1 },
  relu,
];
const hidden = (widths: readonly number[]): Layers =>
  widths.flatMap((width) => [dense(width), relu]);

/** Dense layers, `depth` hidden ones of the same width. */
export const denseLayers = (width: number, depth: number, classes = 10): Layers => [
  flatten,
  ...hidden(Array.from({ length: depth }, () => width)),
  dense(classes),
];

/** A training file over these layers. */
export const trainingOf = (
  name: string,
  model: Layers,
  { data, train = 8000, test = 100, optimizer = 'sgd', learningRate, ...sizes }: WorkloadOptions,
): TrainingFile => ({
  name,
  data: data ?? digits(train, test),
  model,
  loss: 'softmaxCrossEntropy',
  optimizer: { kind: optimizer },
  learningRate: learningRate ?? (optimizer === 'sgd' ? 0.1 : 0.001),
  ...sizes,
});

/** 8 hidden layers of 512: 2.2 million parameters, 2 kB of activation a sample. */
export const denseNet = (options: WorkloadOptions, width = 512, depth = 8): TrainingFile =>
  trainingOf('dense', denseLayers(width, depth), options);

/** Two stages of convolution and a small head: 62,000 parameters, 50 kB of activation a sample at the front. */
export const convolutionalNet = (options: WorkloadOptions): TrainingFile =>
  trainingOf(
    'convolutional',
    [
      ...convolution(16),
      pool,
      ...convolution(32),
      pool,
      ...convolution(32),
      flatten,
      ...hidden([32]),
      dense(10),
    ],
    options,
  );

/** 24 hidden layers of 96: 0.3 million parameters, 0.4 kB of activation a sample. */
export const deepNarrowNet = (options: WorkloadOptions): TrainingFile =>
  trainingOf('deep narrow', denseLayers(96, 24), options);
