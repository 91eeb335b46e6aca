// CSV files to the parts of a training.

import { RingError } from '../errors.ts';
import type { LossKind } from '../model/training.ts';
import { readFurtherTable, readTrainingTable, type CsvDescription } from './csv-columns.ts';
import { learnPreprocessing } from './csv-learn.ts';
import { csvDataset } from './csv.ts';
import { splitParts, type Keep, type Parts } from './parts.ts';
import { splitSamples } from './split.ts';

/** Opens the file and, if there is one, the test file. Errors: DATA. */
export async function openCsvParts(
  description: CsvDescription,
  seed: number,
  baseFolder: string,
  keep: Keep,
  loss?: LossKind,
): Promise<Parts> {
  const table = keep(await readTrainingTable(description, baseFolder));
  const { testFile } = description;
  const testCount = testFile === undefined ? Math.round(table.count * description.testShare) : 0;
  const { train } = splitSamples(table.count, table.count - testCount, testCount, seed);
  const preprocessing = await learnPreprocessing(table, train, description);
  const all = csvDataset(table, preprocessing, loss);
  const parts = splitParts(all, table.count - testCount, testCount, seed, table.path);
  if (testFile === undefined) return { ...parts, preprocessing };
  const format = { ...description, file: testFile };
  const testTable = keep(await readFurtherTable('testFile', format, preprocessing, baseFolder));
  if (testTable.layout.label === undefined) {
    throw new RingError('DATA', `data.testFile: ${testTable.path} has no labels to test against`);
  }
  return { train: parts.train, test: csvDataset(testTable, preprocessing, loss), preprocessing };
}
