// From the data part of a training file to datasets, and from a trained model's frozen preprocessing
// to the samples it is tried on.

import { RingError } from '../errors.ts';
import type { TensorType } from '../graph/graph.ts';
import type { DataDescription, DataFacts } from '../model/training.ts';
import type { Dataset } from '../ports.ts';
import {
  csvDataset,
  learnPreprocessing,
  readFurtherTable,
  readTrainingTable,
  type CsvDescription,
} from './csv.ts';
import { digitsDataset } from './digits.ts';
import { idxDataset, largestLabel, openIdx } from './idx.ts';
import { subset } from './memory.ts';
import type { IdxPreprocessing, Preprocessing } from './preprocessing.ts';
import { splitSamples } from './split.ts';

export { memoryDataset } from './memory.ts';
export { parsePreprocessing, type Preprocessing } from './preprocessing.ts';
export { createSampler, type Sampler } from './sampler.ts';

export interface DataOptions {
  /** Draws digits and the split. */
  readonly seed: number;
  /** Paths in the description are relative to this folder. */
  readonly baseFolder: string;
}

export interface OpenData {
  readonly train: Dataset;
  readonly test?: Dataset;
  readonly facts: DataFacts & { readonly preprocessing: Preprocessing };
  close(): Promise<void>;
}

/** Samples for a trained model. Keys are those of a training file's data; labels may be missing. */
export type SampleDescription =
  | { readonly kind: 'digits'; readonly test?: number }
  | { readonly kind: 'idx'; readonly images: string; readonly labels?: string }
  | {
      readonly kind: 'csv';
      readonly file: string;
      readonly header?: boolean;
      readonly comment?: string;
      readonly delimiter?: string;
    };

type IdxDescription = Extract<DataDescription, { readonly kind: 'idx' }>;

interface Parts {
  readonly train: Dataset;
  readonly test?: Dataset;
  readonly preprocessing: Preprocessing;
}

/** Test digits begin here, so that they stay the same however many there are to train on. */
const firstTestDigit = 2 ** 31;

/** Opens what a training file describes. Errors: DATA. */
export async function openData(
  description: DataDescription,
  { seed, baseFolder }: DataOptions,
): Promise<OpenData> {
  const { keep, close } = resources();
  try {
    const { train, test, preprocessing } = await openParts(description, seed, baseFolder, keep);
    const facts = {
      inputShape: train.inputShape,
      target: train.target as TensorType,
      trainCount: train.count,
      ...(test && { testCount: test.count }),
      ...(train.classes && { classes: train.classes }),
      preprocessing,
    };
    return { train, ...(test && { test }), facts, close };
  } catch (error) {
    await close();
    throw error;
  }
}

type Keep = <T extends { close(): Promise<void> }>(resource: T) => T;

function openParts(
  description: DataDescription,
  seed: number,
  baseFolder: string,
  keep: Keep,
): Promise<Parts> {
  if (description.kind === 'idx') return openIdxParts(description, seed, baseFolder, keep);
  if (description.kind === 'csv') return openCsvParts(description, seed, baseFolder, keep);
  return Promise.resolve({
    train: digitsDataset(seed, 0, description.train),
    test: digitsDataset(seed, firstTestDigit, description.test),
    preprocessing: { kind: 'digits', seed },
  });
}

async function openIdxParts(
  description: IdxDescription,
  seed: number,
  baseFolder: string,
  keep: Keep,
): Promise<Parts> {
  const { images, labels, testImages, testLabels } = description;
  if ((testImages === undefined) !== (testLabels === undefined)) {
    throw new RingError(
      'DATA',
      'data.testImages and data.testLabels go together: give both or none',
    );
  }
  const labelArray = keep(await openIdx('labels', labels, baseFolder));
  const { label } = await largestLabel(labelArray);
  const classes = Array.from({ length: label + 1 }, (_, number) => String(number));
  const imageArray = keep(await openIdx('images', images, baseFolder));
  const all = idxDataset(imageArray, labelArray, classes);
  const preprocessing: IdxPreprocessing = { kind: 'idx', shape: [...all.inputShape], classes };
  if (testImages === undefined || testLabels === undefined) {
    const testCount = description.test ?? defaultTestCount(all.count, description.train);
    const trainCount = description.train ?? all.count - testCount;
    return { ...splitParts(all, trainCount, testCount, seed, imageArray.path), preprocessing };
  }
  const test = await openIdxSamples(testImages, testLabels, preprocessing, baseFolder, keep);
  return {
    train: someOf(all, description.train, seed, imageArray.path),
    test: someOf(test, description.test, seed, testImages),
    preprocessing,
  };
}

/** A fifth, or what training leaves over. */
const defaultTestCount = (count: number, trainCount: number | undefined): number =>
  trainCount === undefined ? Math.round(count / 5) : Math.max(0, count - trainCount);

async function openCsvParts(
  description: CsvDescription,
  seed: number,
  baseFolder: string,
  keep: Keep,
): Promise<Parts> {
  const table = keep(await readTrainingTable(description, baseFolder));
  const { testFile } = description;
  const testCount = testFile === undefined ? Math.round(table.count * description.testShare) : 0;
  const { train } = splitSamples(table.count, table.count - testCount, testCount, seed);
  const preprocessing = await learnPreprocessing(table, train, description);
  const all = csvDataset(table, preprocessing);
  const parts = splitParts(all, table.count - testCount, testCount, seed, table.path);
  if (testFile === undefined) return { ...parts, preprocessing };
  const format = { ...description, file: testFile };
  const testTable = keep(await readFurtherTable('testFile', format, preprocessing, baseFolder));
  if (testTable.layout.label === undefined) {
    throw new RingError('DATA', `data.testFile: ${testTable.path} has no labels to test against`);
  }
  return { train: parts.train, test: csvDataset(testTable, preprocessing), preprocessing };
}

function splitParts(
  all: Dataset,
  trainCount: number,
  testCount: number,
  seed: number,
  path: string,
): { readonly train: Dataset; readonly test?: Dataset } {
  if (trainCount < 1 || trainCount + testCount > all.count) {
    throw new RingError(
      'DATA',
      `${trainCount} samples to train on and ${testCount} to test on were asked for, but ${path} holds ${all.count}: ask for fewer, at least one to train on`,
    );
  }
  const split = splitSamples(all.count, trainCount, testCount, seed);
  return {
    train: subset(all, split.train),
    ...(testCount > 0 && { test: subset(all, split.test) }),
  };
}

/** `count` samples drawn by the seed, or all. */
function someOf(all: Dataset, count: number | undefined, seed: number, path: string): Dataset {
  return count === undefined ? all : splitParts(all, count, 0, seed, path).train;
}

async function openIdxSamples(
  images: string,
  labels: string | undefined,
  preprocessing: IdxPreprocessing,
  baseFolder: string,
  keep: Keep,
): Promise<Dataset> {
  const { shape, classes } = preprocessing;
  const imageArray = keep(await openIdx('images', images, baseFolder));
  const labelArray =
    labels === undefined ? undefined : keep(await openIdx('labels', labels, baseFolder));
  const dataset = idxDataset(imageArray, labelArray, classes);
  if (dataset.inputShape.join() !== shape.join()) {
    throw new RingError(
      'DATA',
      `${imageArray.path} holds samples of [${dataset.inputShape.join(', ')}], but the model was trained on [${shape.join(', ')}]`,
    );
  }
  if (labelArray) {
    const { label, index } = await largestLabel(labelArray);
    if (label >= classes.length) {
      throw new RingError(
        'DATA',
        `${labelArray.path}: label ${index} is ${label}, but the classes trained on are 0 to ${classes.length - 1}`,
      );
    }
  }
  return dataset;
}

/**
 * Opens samples to evaluate or predict with a trained model, by its run's preprocessing. The whole
 * of a file is read; there are no targets where it has no labels. Errors: DATA.
 */
export async function openSamples(
  description: SampleDescription,
  preprocessing: Preprocessing,
  baseFolder: string,
): Promise<Dataset> {
  const { keep, close } = resources();
  try {
    if (description.kind === 'digits' && preprocessing.kind === 'digits') {
      return digitsDataset(preprocessing.seed, firstTestDigit, description.test ?? 2000);
    }
    if (description.kind === 'csv' && preprocessing.kind === 'csv') {
      const table = keep(await readFurtherTable('file', description, preprocessing, baseFolder));
      return csvDataset(table, preprocessing);
    }
    if (description.kind === 'idx' && preprocessing.kind === 'idx') {
      const { images, labels } = description;
      return await openIdxSamples(images, labels, preprocessing, baseFolder, keep);
    }
  } catch (error) {
    await close();
    throw error;
  }
  throw new RingError(
    'DATA',
    `data.kind is "${description.kind}", but the model was trained on "${preprocessing.kind}": give data of that kind`,
  );
}

/** Collects what was opened, to close it together. */
function resources(): { readonly keep: Keep; readonly close: () => Promise<void> } {
  const opened: { close(): Promise<void> }[] = [];
  return {
    keep(resource) {
      opened.push(resource);
      return resource;
    },
    async close() {
      for (const resource of opened.splice(0)) await resource.close();
    },
  };
}
