// Samples for a trained model: the run's own test samples, or a file of the kind that it was trained on.

import { isDeepStrictEqual } from 'node:util';

import { openData, openSamples, parsePreprocessing } from '../data/index.ts';
import type { OpenData, SampleDescription } from '../data/index.ts';
import { RingError } from '../errors.ts';
import type { ResolvedTraining } from '../model/training.ts';
import type { Dataset } from '../ports.ts';
import type { TrainedRun } from './use-run.ts';

/** Errors: DATA, also when the files are no longer what was trained on. */
export async function openTestSamples({ run, training }: TrainedRun): Promise<Dataset> {
  const { seed, loss } = training;
  const data = await openData(training.data, { seed, baseFolder: run.folder, loss });
  const { test } = data;
  const fail = async (message: string): Promise<never> => {
    await data.close();
    throw new RingError('DATA', message);
  };
  if (!isSameData(data, training))
    return fail(
      `the data has changed since ${run.folder} was trained on it: give samples to test on with --data`,
    );
  if (!test) return fail(`${run.folder} was trained without test samples: give some with --data`);
  return { ...test, close: () => data.close() };
}

/** Whether what is there now is, as far as its facts tell, what the run was trained on. */
function isSameData({ facts }: OpenData, { resolved }: ResolvedTraining): boolean {
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
  return isDeepStrictEqual(plain(facts), plain(resolved.data));
}

/** The samples of a run, to train on. Errors: DATA, also when they are no longer those it began with. */
export async function reopenData(folder: string, training: ResolvedTraining): Promise<OpenData> {
  const { seed, loss } = training;
  const data = await openData(training.data, { seed, baseFolder: folder, loss });
  if (isSameData(data, training)) return data;
  await data.close();
  throw new RingError(
    'DATA',
    `the data has changed since ${folder} was begun: training cannot go on with other samples; train again`,
  );
}

/** Errors: DATA. */
export async function openFurtherSamples(
  { run, training }: TrainedRun,
  file: string,
  labels?: string,
): Promise<Dataset> {
  const preprocessing = parsePreprocessing(training.resolved.data.preprocessing, run.folder);
  return openSamples(describe(training.data, file, labels), preprocessing, '.', training.loss);
}

function describe(
  data: TrainedRun['training']['data'],
  file: string,
  labels: string | undefined,
): SampleDescription {
  if (labels !== undefined && data.kind !== 'idx')
    throw new RingError(
      'USAGE',
      `--labels belongs to an IDX file of images, but the model was trained on ${data.kind}`,
    );
  switch (data.kind) {
    case 'idx':
      return { kind: 'idx', images: file, labels };
    case 'csv': {
      const { header, comment, delimiter } = data;
      return { kind: 'csv', file, header, comment, delimiter };
    }
    case 'digits':
      if (file === 'digits') return { kind: 'digits', test: data.test };
      throw new RingError(
        'DATA',
        `the model was trained on digits of ringtmp's own making, not on files such as ${file}: say --data digits`,
      );
  }
}
