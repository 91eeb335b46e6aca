// Tables as datasets: which column is the label, what the classes are, and standardisation (each
// input less its mean, over its deviation). All of it is learnt from the training part alone and
// frozen as plain JSON, so that a test file or a later prediction is treated alike.

import { RingError } from '../errors.ts';
import { elementCount } from '../graph/graph.ts';
import type { DataDescription } from '../model/training.ts';
import type { Dataset } from '../ports.ts';
import { readCsvTable, maximumLabels, type CsvFormat, type CsvTable } from './csv-table.ts';
import type { CsvPreprocessing } from './preprocessing.ts';

export type CsvDescription = Extract<DataDescription, { readonly kind: 'csv' }>;

/** Reads the file to train on. Errors: DATA. */
export function readTrainingTable(
  description: CsvDescription,
  baseFolder: string,
): Promise<CsvTable> {
  return readCsvTable(
    'file',
    description.file,
    baseFolder,
    withHeader(description),
    (names, cells, where) => {
      const label = labelColumn(description.label, names, cells, where);
      return {
        inputs: Array.from({ length: cells }, (_, i) => i).filter((i) => i !== label),
        label,
      };
    },
  );
}

/** A label given by name means that there are names. */
function withHeader(description: CsvDescription): CsvFormat {
  return typeof description.label === 'string' && description.header === undefined
    ? { ...description, header: true }
    : description;
}

function labelColumn(
  label: string | number,
  names: readonly string[] | undefined,
  cells: number,
  where: string,
): number {
  if (cells < 2) {
    throw new RingError(
      'DATA',
      `${where}: one cell, at least an input and a label are expected; is data.delimiter right?`,
    );
  }
  if (typeof label === 'string') {
    const column = names?.indexOf(label) ?? -1;
    if (column >= 0) return column;
    throw new RingError(
      'DATA',
      names
        ? `data.label is "${label}", but ${where} names ${shortList(names)}`
        : `data.label is "${label}", but data.header is false: give the column's number`,
    );
  }
  const column = label < 0 ? cells + label : label;
  if (Number.isInteger(column) && column >= 0 && column < cells) return column;
  throw new RingError(
    'DATA',
    `data.label is ${label}, but ${where} has ${cells} cells: give 0 to ${cells - 1}, or -1 for the last`,
  );
}

/** Reads another file by what was learnt from the first; its rows may lack the label. Errors: DATA. */
export function readFurtherTable(
  key: string,
  format: CsvFormat & { readonly file: string },
  learnt: CsvPreprocessing,
  baseFolder: string,
): Promise<CsvTable> {
  const inputCount = learnt.means.length;
  return readCsvTable(key, format.file, baseFolder, format, (names, cells, where) => {
    if (names && learnt.names) return layoutByName(names, learnt.names, learnt.label, where);
    const positions = Array.from({ length: cells }, (_, i) => i);
    if (cells === inputCount) return { inputs: positions };
    if (cells === inputCount + 1) {
      const label = learnt.label.column;
      return { inputs: positions.filter((i) => i !== label), label };
    }
    throw new RingError(
      'DATA',
      `${where}: ${cells} cells, but the model was trained on ${inputCount} inputs: expected are ${inputCount} cells, or ${inputCount + 1} with the label`,
    );
  });
}

function layoutByName(
  names: readonly string[],
  inputNames: readonly string[],
  label: CsvPreprocessing['label'],
  where: string,
): { readonly inputs: readonly number[]; readonly label?: number } {
  const missing = inputNames.filter((name) => !names.includes(name));
  if (missing.length > 0) {
    throw new RingError(
      'DATA',
      `${where} lacks ${shortList(missing)}, which the model was trained on`,
    );
  }
  const column = label.name === undefined ? -1 : names.indexOf(label.name);
  return {
    inputs: inputNames.map((name) => names.indexOf(name)),
    ...(column >= 0 && { label: column }),
  };
}

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

/** The table's rows as samples, treated as learnt. Closing it closes the table. Errors: DATA for a label that training did not know. */
export function csvDataset(table: CsvTable, learnt: CsvPreprocessing): Dataset {
  const { means, target, classes } = learnt;
  const factors = learnt.deviations.map((deviation) => (deviation > 0 ? 1 / deviation : 0));
  const width = means.length;
  const labelled = table.layout.label !== undefined;
  const classOfId = labelled && classes ? numberClasses(table, classes) : undefined;
  if (labelled && target === 'number' && table.firstTextLabel) {
    const { where, text } = table.firstTextLabel;
    throw new RingError('DATA', `${where}: the label is "${text}", a number is expected`);
  }
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

const shortList = (names: readonly string[]): string =>
  names.length > 12 ? `${names.slice(0, 12).join(', ')}, ... (${names.length})` : names.join(', ');
