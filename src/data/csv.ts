// A table as a dataset: rows become samples as it was learnt from the training part (csv-learn.ts).

import { RingError } from '../errors.ts';
import type { LossKind } from '../model/training.ts';
import type { Dataset } from '../ports.ts';
import { shortList } from './csv-columns.ts';
import { expectedNumber } from './csv-table.ts';
import type { CsvTable } from './csv-table.ts';
import type { CsvPreprocessing } from './preprocessing.ts';

/**
 * The table's rows as samples, treated as learnt. Closing it closes the table. Errors: DATA for a label
 * that training did not know, or that the loss cannot take.
 */
export function csvDataset(table: CsvTable, learnt: CsvPreprocessing, loss?: LossKind): Dataset {
  const { means, target, classes } = learnt;
  const factors = learnt.deviations.map((deviation) => (deviation > 0 ? 1 / deviation : 0));
  const width = means.length;
  const labelled = table.layout.label !== undefined;
  const classOfId = labelled && classes ? numberClasses(table, classes) : undefined;
  if (labelled && target === 'number') requireNumbers(table, loss);
  return {
    count: table.count,
    inputShape: learnt.shape,
    ...(labelled && {
      target: classes ? { type: 'int32', shape: [] } : { type: 'float32', shape: [1] },
    }),
    ...(classes && { classes }),
    async read(indices) {
      const values = await table.rows(indices);
      const inputs = new Float32Array(indices.length * width);
      const targets = classOfId ? new Int32Array(indices.length) : new Float32Array(indices.length);
      for (let row = 0; row < indices.length; row++) {
        const start = row * (width + 2);
        for (let column = 0; column < width; column++) {
          inputs[row * width + column] =
            ((values[start + column] as number) - (means[column] as number)) *
            (factors[column] as number);
        }
        targets[row] = classOfId
          ? (classOfId[values[start + width + 1] as number] as number)
          : (values[start + width] as number);
      }
      return { inputs, ...(labelled && { targets }) };
    },
    close: () => table.close(),
  };
}

/** Errors: DATA when a label is not a number that the loss can take. */
function requireNumbers(table: CsvTable, loss: LossKind | undefined): void {
  const { firstTextLabel: text, firstLabelBeyondUnit: beyond } = table;
  if (text) {
    const expected = expectedNumber(text.text);
    throw new RingError(
      'DATA',
      `${text.where}: the label is "${text.text}", ${expected} is expected`,
    );
  }
  if (beyond && loss === 'binaryCrossEntropy')
    throw new RingError(
      'DATA',
      `${beyond.where}: the label is "${beyond.text}", the loss ${loss} needs a number from 0 to 1; set data.target to "class" if these are two classes, or take another loss`,
    );
}

/** The class of each label id of the table. */
function numberClasses(table: CsvTable, classes: readonly string[]): Int32Array {
  const numbers = new Map(classes.map((name, number) => [name, number]));
  return Int32Array.from(table.labels, ({ text, where }) => {
    const number = numbers.get(text);
    if (number !== undefined) return number;
    throw new RingError(
      'DATA',
      `${where}: the label is "${text}", but the classes trained on are ${shortList(classes)}`,
    );
  });
}
