// What the columns of a table mean: in the file to train on, as its description says; in a further one,
// such as a test file or samples to predict, as was learnt from the first, by name where both have names.

import { RingError } from '../errors.ts';
import type { DataDescription } from '../model/training.ts';
import { readCsvTable, type CsvFormat, type CsvTable } from './csv-table.ts';
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

/** At most a dozen names, for errors. */
export const shortList = (names: readonly string[]): string =>
  names.length > 12 ? `${names.slice(0, 12).join(', ')}, ... (${names.length})` : names.join(', ');
