// From the data part of a training file to datasets, and from a trained model's frozen preprocessing
// to the samples it is tried on.

import { RingError } from '../errors.ts';
import type { TensorType } from '../graph/graph.ts';
import type { DataDescription, DataFacts, LossKind } from '../model/training.ts';
import type { Dataset } from '../ports.ts';
import { readFurtherTable } from './csv-columns.ts';
import { csvDataset } from './csv.ts';
import { digitsDataset } from './digits.ts';
import { openCsvParts } from './open-csv.ts';
import { openIdxParts, openIdxSamples } from './open-idx.ts';
import { resources, type Keep, type Parts } from './parts.ts';
import type { Preprocessing } from './preprocessing.ts';

export { memoryDataset } from './memory.ts';
export { parsePreprocessing, type Preprocessing } from './preprocessing.ts';
export { createSampler, type Sampler } from './sampler.ts';

export interface DataOptions {
  /** Draws digits and the split. */
  readonly seed: number;
  /** Paths in the description are relative to this folder. */
  readonly baseFolder: string;
  /** Labels of a file are held against what this loss can take. */
  readonly loss?: LossKind;
}

export interface OpenData {
  readonly train: Dataset;
  readonly test?: Dataset;
  readonly facts: DataFacts & { readonly preprocessing: Preprocessing };
  close(): Promise<void>;
}

/** Samples for a trained model. Keys are those of a training file's data; labels may be missing. */
export type SampleDescription =
  | { readonly kind: 'digits'; readonly test?: number | undefined }
  | { readonly kind: 'idx'; readonly images: string; readonly labels?: string | undefined }
  | {
      readonly kind: 'csv';
      readonly file: string;
      readonly header?: boolean | undefined;
      readonly comment?: string | undefined;
      readonly delimiter?: string | undefined;
    };

/** Test digits begin here, so that they stay the same however many there are to train on. */
const firstTestDigit = 2 ** 31;

/** Opens what a training file describes. Errors: DATA. */
export async function openData(
  description: DataDescription,
  options: DataOptions,
): Promise<OpenData> {
  const { keep, close } = resources();
  try {
    const { train, test, preprocessing } = await openParts(description, options, keep);
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

function openParts(
  description: DataDescription,
  { seed, baseFolder, loss }: DataOptions,
  keep: Keep,
): Promise<Parts> {
  if (description.kind === 'idx') return openIdxParts(description, seed, baseFolder, keep);
  if (description.kind === 'csv') return openCsvParts(description, seed, baseFolder, keep, loss);
  return Promise.resolve({
    train: digitsDataset(seed, 0, description.train),
    test: digitsDataset(seed, firstTestDigit, description.test),
    preprocessing: { kind: 'digits', seed },
  });
}

/**
 * Opens samples to evaluate or predict with a trained model, by its run's preprocessing. The whole
 * of a file is read; there are no targets where it has no labels. Errors: DATA.
 */
export async function openSamples(
  description: SampleDescription,
  preprocessing: Preprocessing,
  baseFolder: string,
  loss?: LossKind,
): Promise<Dataset> {
  const { keep, close } = resources();
  try {
    if (description.kind === 'digits' && preprocessing.kind === 'digits') {
      return digitsDataset(preprocessing.seed, firstTestDigit, description.test ?? 2000);
    }
    if (description.kind === 'csv' && preprocessing.kind === 'csv') {
      const table = keep(await readFurtherTable('file', description, preprocessing, baseFolder));
      return csvDataset(table, preprocessing, loss);
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
