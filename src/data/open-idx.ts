// IDX files to the parts of a training, and to samples for a trained model.

import { RingError } from '../errors.ts';
import type { DataDescription } from '../model/training.ts';
import type { Dataset } from '../ports.ts';
import { idxDataset, largestLabel, openIdx } from './idx.ts';
import { someOf, splitParts, type Keep, type Parts } from './parts.ts';
import type { IdxPreprocessing } from './preprocessing.ts';

type IdxDescription = Extract<DataDescription, { readonly kind: 'idx' }>;

/** The classes are 0 to the largest label of the training file. Errors: DATA. */
export async function openIdxParts(
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

/** Checks samples against what the model was trained on. Errors: DATA. */
export async function openIdxSamples(
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
