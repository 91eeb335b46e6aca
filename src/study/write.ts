// A comparison on disk: the page for people, the table for a spreadsheet, the data for programs. Each
// file is written beside its place and then moved there, so that nobody ever reads half of one.

import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { RingError } from '../errors.ts';
import { toCsv, trialsToCsv } from './csv.ts';
import { renderReport } from './report/page.ts';
import { renderStudies } from './report/study-page.ts';
import type { Comparison } from './results.ts';
import type { StudyReport } from './study.ts';
import { studiesJson } from './study-json.ts';

export const reportFile = 'report.html';
const csvFile = 'results.csv';
const jsonFile = 'results.json';

/** Writes report.html, results.csv and results.json, and makes the folder where it is not. Errors: STORE. */
export const writeComparison = (folder: string, comparison: Comparison): Promise<void> =>
  writeAll(folder, {
    [jsonFile]: `${JSON.stringify(comparison)}\n`,
    [csvFile]: toCsv(comparison),
    [reportFile]: renderReport(comparison),
  });

/** The same of studies. Errors: STORE. */
export const writeStudies = (folder: string, report: StudyReport): Promise<void> =>
  writeAll(folder, {
    [jsonFile]: `${JSON.stringify(studiesJson(report), undefined, 2)}\n`,
    [csvFile]: trialsToCsv(report.trials),
    [reportFile]: renderStudies(report),
  });

async function writeAll(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    for (const [name, text] of Object.entries(files)) await place(join(folder, name), text);
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
