// A comparison on disk: the page for people, the table for a spreadsheet, the data for programs. Each
// file is written beside its place and then moved there, so that nobody ever reads half of one.

import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { RingError } from '../errors.ts';
import { toCsv } from './csv.ts';
import { renderReport } from './report/page.ts';
import type { Comparison } from './results.ts';

export const reportFile = 'report.html';
export const csvFile = 'results.csv';
export const jsonFile = 'results.json';

/** Writes report.html, results.csv and results.json, and makes the folder where it is not. Errors: STORE. */
export async function writeComparison(folder: string, comparison: Comparison): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await place(join(folder, jsonFile), `${JSON.stringify(comparison)}\n`);
    await place(join(folder, csvFile), toCsv(comparison));
    await place(join(folder, reportFile), renderReport(comparison));
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new RingError(
      'STORE',
      `the results cannot be written to ${folder} (${error.code}): give --out a folder that can be written to`,
      { cause: error },
    );
  }
}

async function place(path: string, text: string): Promise<void> {
  const unfinished = `${path}.unfinished`;
  try {
    await writeFile(unfinished, text);
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'syscall' in error;
