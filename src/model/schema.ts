// The training file as a schema: one JSON object that says what is trained on what, and how. Its
// descriptions are what an editor shows beside each key.

import { z } from 'zod';
import { layerSchema } from './layers/index.ts';
import { learningRateSchema } from './learning-rate.ts';
import { losses, lossSchema } from './losses/index.ts';
import { optimizerSchema } from './optimizers/index.ts';

const count = z
  .int()
  .min(1)
  .max(2 ** 40);
const file = z.string().min(1);

/** Half of what 32 bits can number: there are as many to train on as to test on. */
const digits = z
  .int()
  .min(1)
  .max(2 ** 31);

const digitsSchema = z
  .strictObject({
    kind: z.literal('digits').describe('Where the data comes from.'),
    train: digits.default(8000).describe('How many samples to train on.'),
    test: digits.default(2000).describe('How many samples to test on.'),
  })
  .describe('Handwritten-looking digits of 28 x 28 pixels, drawn by the built-in generator.');

const idxSchema = z
  .strictObject({
    kind: z.literal('idx').describe('Where the data comes from.'),
    images: file.describe(
      'The IDX file of the images, plain or gzip; relative to the training file.',
    ),
    labels: file.describe('The IDX file of the labels.'),
    testImages: file.optional().describe('The IDX file of the test images.'),
    testLabels: file.optional().describe('The IDX file of the test labels.'),
    train: count.optional().describe('How many samples to train on; all that are left by default.'),
    test: count
      .optional()
      .describe('How many samples to test on, split off by the seed if no test file is given.'),
  })
  .describe('Images and labels in the IDX format of MNIST.');

const csvSchema = z
  .strictObject({
    kind: z.literal('csv').describe('Where the data comes from.'),
    file: file.describe('The CSV file; relative to the training file.'),
    testFile: file.optional().describe('The CSV file of the test samples.'),
    header: z
      .boolean()
      .optional()
      .describe('Whether the first line names the columns; found out by itself when left out.'),
    label: z
      .union([file, z.int()])
      .describe(
        'The column of the target: its name, or its number from 0 (negative: from the end, -1 is the last).',
      ),
    comment: file.default('#').describe('What a line that is skipped begins with.'),
    delimiter: file.default(',').describe('What stands between two cells.'),
    standardise: z
      .boolean()
      .default(true)
      .describe(
        'Whether every column is brought to mean 0 and deviation 1, learnt from the training part.',
      ),
    shape: z
      .array(
        z
          .int()
          .min(1)
          .max(2 ** 24),
      )
      .min(1)
      .max(4)
      .optional()
      .describe(
        'The shape of one sample, such as [1, 8, 8] for an image; a flat vector by default.',
      ),
    target: z
      .enum(['class', 'number'])
      .default('class')
      .describe('Whether the target is a class or a number to come near.'),
    testShare: z
      .number()
      .min(0)
      .lt(1)
      .default(0.2)
      .describe('The share of samples that is split off to test on, if no test file is given.'),
  })
  .describe('A table in a CSV file.');

export const dataSchema = z.discriminatedUnion('kind', [digitsSchema, idxSchema, csvSchema]);

const lossList = Object.entries(losses)
  .map(([kind, { about }]) => `${kind}: ${about}`)
  .join('; ');

const fields = z.strictObject({
  $schema: z.string().optional().describe('Where the schema of this file is, for editors.'),
  name: z.string().min(1).max(200).optional().describe('What the training is called.'),
  data: dataSchema.describe('What to train on.'),
  model: z.array(layerSchema).min(1).max(10_000).describe('The layers, in order.'),
  loss: lossSchema.describe(`What is made small. ${lossList}.`),
  optimizer: optimizerSchema.describe('How parameters follow from gradients.'),
  learningRate: learningRateSchema
    .optional()
    .describe('A number, or a schedule; by default 0.001 for adam and adamw, 0.01 for sgd.'),
  epochs: z
    .int()
    .min(1)
    .max(1e9)
    .optional()
    .describe('How often to go through the training samples; instead of steps.'),
  steps: z
    .int()
    .min(1)
    .max(1e12)
    .optional()
    .describe('How many steps to train; instead of epochs.'),
  batch: z
    .int()
    .min(1)
    .max(2 ** 24)
    .default(64)
    .describe('How many samples make a step.'),
  microbatches: z
    .int()
    .min(1)
    .max(65536)
    .default(4)
    .describe('Into how many parts a batch is split, so that all nodes have work at once.'),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(1)
    .describe('Where all randomness comes from: the same seed gives the same result.'),
  clipNorm: z
    .number()
    .positive()
    .optional()
    .describe('The length that the whole gradient is cut to.'),
  nodes: z.int().min(1).max(10_000).optional().describe('How many local processes form the ring.'),
  engine: z
    .enum(['auto', 'wasm', 'blas'])
    .optional()
    .describe("What computes: the system's BLAS, or the built-in kernels alone."),
  threads: z.int().min(1).max(1024).optional().describe('How many threads a node computes with.'),
  resolved: z.unknown().optional().describe('What a run has derived from this file; ignored.'),
});

const isBounded = ({ epochs, steps }: { epochs?: unknown; steps?: unknown }): boolean =>
  (epochs === undefined) !== (steps === undefined);
const bounds = { error: 'give either epochs or steps (one of them, a whole number from 1)' };

export const trainingSchema = fields
  .refine(isBounded, bounds)
  .describe('A training file of RingTMP.');

/** What is the master's business alone: above all what and where its data are. */
const ofMaster = {
  $schema: true,
  name: true,
  data: true,
  nodes: true,
  engine: true,
  threads: true,
} as const;

/** What of a training file leaves the master: enough to build and update layers. */
export const ringTrainingSchema = fields.omit(ofMaster).refine(isBounded, bounds);

/** Takes off what is the master's business alone. */
export function withoutMastersPart<File extends object>(
  file: File,
): Omit<File, keyof typeof ofMaster> {
  return Object.fromEntries(Object.entries(file).filter(([key]) => !(key in ofMaster))) as Omit<
    File,
    keyof typeof ofMaster
  >;
}

/** A training file with its defaults filled in. */
export type Training = Omit<z.output<typeof trainingSchema>, 'resolved'>;

/** The part of it that all nodes know. */
export type RingFile = Omit<z.output<typeof ringTrainingSchema>, 'resolved'>;

/** The data part of a training file, with its defaults filled in. */
export type DataDescription = z.output<typeof dataSchema>;
