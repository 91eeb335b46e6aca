// Samples for a trained model: the run's own test samples, or a file of the kind that it was trained on.

import { isDeepStrictEqual } from 'node:util';

import { openData, openSamples, parsePreprocessing } from '../data/index.ts';
import type { SampleDescription } from '../data/index.ts';
import { RingError } from '../errors.ts';
import type { Dataset } from '../ports.ts';
import type { TrainedRun } from './use-run.ts';

/** Errors: DATA, also when the files are no longer what was trained on. */
export async function openTestSamples({ run, training }: TrainedRun): Promise<Dataset> {
  const { seed, resolved, loss } = training;
  const data = await openData(training.data, { seed, baseFolder: run.folder, loss });
  const { test, facts } = data;
  const fail = async (message: string): Promise<never> => {
    await data.close();
    throw new RingError('DATA', message);
  };
  const known: unknown = JSON.parse(JSON.stringify(facts));
  if (!isDeepStrictEqual(known, JSON.parse(JSON.stringify(resolved.data))))
    return fail(
      `the data has changed since ${run.folder} was trained on it: give samples to test on with --data`,
    );
  if (!test) return fail(`${run.folder} was trained without test samples: give some with --data`);
  return { ...test, close: () => data.close() };
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
