// A CSV file to a table of numbers, in one streaming pass and bounded memory: each row becomes
// float64s in a store (inputs, then the label as a number, then the label as an id), and what can
// only be known at the end (the classes, means) is left to whoever reads the table.

import { parse, type Info } from 'csv-parse';
import { RingError } from '../errors.ts';
import { openDataFile } from './files.ts';
import { writeStore, type Store } from './store.ts';

export interface CsvFormat {
  /** Whether the first row holds names; when not said: it does if no cell of it is a number. */
  readonly header?: boolean | undefined;
  readonly comment?: string | undefined;
  readonly delimiter?: string | undefined;
}

/** Which cells of a row mean what. */
export interface CsvLayout {
  /** Cells that are inputs, in the order of the inputs. */
  readonly inputs: readonly number[];
  /** The cell that is the label; absent where rows have none. */
  readonly label?: number;
}

/** Says what the cells mean, from the names (if there is a header) and the number of cells of a row. */
export type CsvLayoutChooser = (
  names: readonly string[] | undefined,
  cells: number,
  where: string,
) => CsvLayout;

export interface CsvLabel {
  readonly text: string;
  /** Where it first stands, for errors: `file.csv line 7`. */
  readonly where: string;
}

export interface CsvTable {
  readonly path: string;
  readonly count: number;
  readonly names?: readonly string[];
  readonly layout: CsvLayout;
  /** Distinct labels; a row's id is a position in this list, or -1 beyond `maximumLabels`. */
  readonly labels: readonly CsvLabel[];
  /** Of all labels: the first that is no number, the first outside 0..1, and whether every one is a whole number. */
  readonly firstTextLabel?: CsvLabel;
  readonly firstLabelBeyondUnit?: CsvLabel;
  readonly wholeLabels: boolean;
  /** Rows of `layout.inputs.length + 2` float64s: the inputs, the label's value (NaN for text), its id. */
  rows(indices: ArrayLike<number>): Promise<Float64Array>;
  close(): Promise<void>;
}

/** More distinct labels than these are not told apart. */
export const maximumLabels = 65_536;

const maximumRowBytes = 64 * 2 ** 20;
const flushBytes = 2 ** 20;

/** Reads a whole file. `key` is its key in the description. Errors: DATA, with file and line. */
export async function readCsvTable(
  key: string,
  file: string,
  baseFolder: string,
  format: CsvFormat,
  chooseLayout: CsvLayoutChooser,
): Promise<CsvTable> {
  const { handle, path } = await openDataFile(key, file, baseFolder);
  const writer = writeStore();
  try {
    const reader = createRowReader(path, chooseLayout, format.header);
    const parser = parse({
      bom: true,
      comment: format.comment ?? '#',
      comment_no_infix: true,
      delimiter: format.delimiter ?? ',',
      info: true,
      max_record_size: maximumRowBytes,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
    });
    const source = handle.createReadStream({ autoClose: false });
    source.on('error', (error) => parser.destroy(error));
    for await (const record of source.pipe(parser)) {
      const { record: cells, info } = record as { record: string[]; info: Info };
      reader.take(cells, info.lines);
      if (reader.pendingBytes() >= flushBytes) await writer.append(reader.flush());
    }
    await writer.append(reader.flush());
    const learnt = reader.finish();
    return withRows(learnt, await writer.finish());
  } catch (cause) {
    await writer.discard();
    if (cause instanceof RingError) throw cause;
    throw new RingError('DATA', `${path} is not sound CSV: ${(cause as Error).message}`, { cause });
  } finally {
    await handle.close();
  }
}

type Learnt = Omit<CsvTable, 'rows' | 'close'>;

function withRows(learnt: Learnt, store: Store): CsvTable {
  const rowBytes = 8 * (learnt.layout.inputs.length + 2);
  return {
    ...learnt,
    rows: async (indices) => new Float64Array((await store.rows(0, rowBytes, indices)).buffer),
    close: () => store.close(),
  };
}

/** Turns rows of text into rows of numbers and remembers what it saw. */
function createRowReader(
  path: string,
  chooseLayout: CsvLayoutChooser,
  headerGiven: boolean | undefined,
) {
  let names: readonly string[] | undefined;
  let first: { readonly cells: number; readonly line: number } | undefined;
  let layout: CsvLayout | undefined;
  let count = 0;
  let numbers: number[] = [];
  const labels = new Map<string, { readonly id: number; readonly where: string }>();
  let firstTextLabel: CsvLabel | undefined;
  let firstLabelBeyondUnit: CsvLabel | undefined;
  let wholeLabels = true;

  function takeLabel(text: string, where: string): void {
    if (text === '') throw new RingError('DATA', `${where}: the label is empty`);
    const value = toNumber(text);
    const isText = value === undefined;
    if (isText) firstTextLabel ??= { text, where };
    else if (value < 0 || value > 1) firstLabelBeyondUnit ??= { text, where };
    wholeLabels &&= Number.isInteger(value);
    const name = isText ? text : String(value);
    let id = labels.get(name)?.id;
    if (id === undefined && labels.size < maximumLabels) {
      id = labels.size;
      labels.set(name, { id, where });
    }
    numbers.push(value ?? NaN, id ?? -1);
  }

  return {
    take(cells: readonly string[], line: number): void {
      const where = `${path} line ${line}`;
      if (!first) {
        first = { cells: cells.length, line };
        const isHeader = headerGiven ?? !cells.some(isNumber);
        if (isHeader) names = cells;
        layout = chooseLayout(names, cells.length, where);
        if (isHeader) return;
      }
      if (cells.length !== first.cells) {
        throw new RingError(
          'DATA',
          `${where}: ${cells.length} cells, but line ${first.line} has ${first.cells}; every row needs as many`,
        );
      }
      const { inputs, label } = layout as CsvLayout;
      for (const column of inputs) {
        const cell = cells[column] as string;
        const value = toNumber(cell);
        if (value === undefined) throw notANumber(where, column, names, cell, count);
        numbers.push(value);
      }
      if (label === undefined) numbers.push(NaN, -1);
      else takeLabel(cells[label] as string, where);
      count++;
    },
    pendingBytes: () => numbers.length * 8,
    flush(): Uint8Array {
      const bytes = new Uint8Array(Float64Array.from(numbers).buffer);
      numbers = [];
      return bytes;
    },
    finish(): Learnt {
      if (!layout || count === 0) throw new RingError('DATA', `${path} has no rows of data`);
      return {
        path,
        count,
        ...(names && { names }),
        layout,
        labels: [...labels].map(([text, { where }]) => ({ text, where })),
        ...(firstTextLabel && { firstTextLabel }),
        ...(firstLabelBeyondUnit && { firstLabelBeyondUnit }),
        wholeLabels,
      };
    },
  };
}

const isNumber = (text: string): boolean => text !== '' && Number.isFinite(Number(text));

/** A number that is finite as a float32, or undefined where the text is none. */
function toNumber(text: string): number | undefined {
  const value = text === '' ? NaN : Number(text);
  return Number.isFinite(Math.fround(value)) ? value : undefined;
}

/** What is expected in the place of a text that `toNumber` refuses. */
export const expectedNumber = (text: string): string =>
  isNumber(text) ? 'a number of at most 3.4e38' : 'a number';

function notANumber(
  where: string,
  column: number,
  names: readonly string[] | undefined,
  cell: string,
  rowsBefore: number,
): RingError {
  const name = names ? ` (${names[column]})` : '';
  const given = cell === '' ? 'is empty' : `is ${JSON.stringify(cell.slice(0, 40))}`;
  const hint =
    rowsBefore === 0 && !names
      ? ', or set data.header to true if this row holds the names of the columns'
      : '';
  return new RingError(
    'DATA',
    `${where}: cell ${column + 1}${name} ${given}, ${expectedNumber(cell)} is expected; correct or remove the row${hint}`,
  );
}
