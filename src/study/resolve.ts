// A workload's training file with everything that follows from it and from its data.

import { openData } from '../data/index.ts';
import { parseTraining, resolveTraining } from '../model/training.ts';
import type { ResolvedTraining } from '../model/training.ts';
import type { TrainingFile } from './study.ts';

/** Paths in the file are whole. Errors: those of a training file and its data. */
export async function resolveFile(file: TrainingFile, name: string): Promise<ResolvedTraining> {
  const training = parseTraining(file, `the workload ${name}`);
  const data = await openData(training.data, { seed: training.seed, baseFolder: '/' });
  try {
    return resolveTraining(training, data.facts);
  } finally {
    await data.close();
  }
}
