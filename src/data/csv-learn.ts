// What is learnt from a table and frozen as plain JSON: the classes, and standardisation (each input
// less its mean, over its deviation). Means and deviations come from the training part alone, so that
// a test file or a later prediction is treated alike and tells nothing of itself.

import { RingError } from '../errors.ts';
import { elementCount } from '../graph/graph.ts';
import type { CsvDescription } from './csv-columns.ts';
import { maximumLabels, type CsvTable } from './csv-table.ts';
import type { CsvPreprocessing } from './preprocessing.ts';

/** Learns what has to be frozen: classes from the whole file, means and deviations from the rows `train`. Errors: DATA. */
export async function learnPreprocessing(
  table: CsvTable,
  train: Uint32Array,
  description: CsvDescription,
): Promise<CsvPreprocessing> {
  const { inputs, label = -1 } = table.layout;
  const shape = description.shape ?? [inputs.length];
  if (elementCount(shape) !== inputs.length) {
    throw new RingError(
      'DATA',
      `data.shape [${shape.join(', ')}] holds ${elementCount(shape)} numbers, but ${table.path} has ${inputs.length} columns besides the label`,
    );
  }
  const { target } = description;
  const moments = !description.standardise
    ? { means: inputs.map(() => 0), deviations: inputs.map(() => 1) }
    : await measureColumns(table, train);
  return {
    kind: 'csv',
    shape: [...shape],
    ...(table.names && { names: inputs.map((column) => table.names?.[column] as string) }),
    label: { column: label, ...(table.names && { name: table.names[label] }) },
    target,
    ...(target === 'class' && { classes: sortedClasses(table) }),
    ...moments,
  };
}

/** In the order of numbers when all are numbers, else of code points. */
function sortedClasses(table: CsvTable): string[] {
  const numeric = !table.firstTextLabel;
  if ((numeric && !table.wholeLabels) || table.labels.length >= maximumLabels) {
    const found = numeric ? 'labels that are no whole numbers' : `${maximumLabels} labels or more`;
    throw new RingError(
      'DATA',
      `${table.path} has ${found}, classes are expected; if they are quantities, set data.target to "number"`,
    );
  }
  const names = table.labels.map(({ text }) => text);
  return numeric ? names.sort((a, b) => Number(a) - Number(b)) : names.sort();
}

/** Mean and deviation of each input over `rows`, by Welford's recurrence; the deviation of a constant column is 0. */
async function measureColumns(
  table: CsvTable,
  rows: Uint32Array,
): Promise<{ readonly means: number[]; readonly deviations: number[] }> {
  const width = table.layout.inputs.length;
  const means = Array.from({ length: width }, () => 0);
  const squares = Array.from({ length: width }, () => 0);
  const chunk = Math.max(1, Math.floor(2 ** 20 / (8 * (width + 2))));
  let seen = 0;
  for (let start = 0; start < rows.length; start += chunk) {
    const values = await table.rows(rows.subarray(start, start + chunk));
    for (let row = 0; row < values.length; row += width + 2) {
      seen++;
      for (let column = 0; column < width; column++) {
        const value = values[row + column] as number;
        const mean = means[column] as number;
        const difference = value - mean;
        means[column] = mean + difference / seen;
        squares[column] =
          (squares[column] as number) + difference * (value - (means[column] as number));
      }
    }
  }
  return { means, deviations: squares.map((square) => Math.sqrt(square / Math.max(1, seen))) };
}
