// The trace of a run as a file for Perfetto (ui.perfetto.dev) or Chrome's tracing page.

import { closeSync, openSync, rmSync, statSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';

import { RingError } from '../errors.ts';
import { toTrace } from '../meter/trace.ts';
import type { NodeTimeline } from '../meter/trace.ts';

/** Tells before anything is computed that no file can be made there; leaves nothing. Errors: STORE. */
export function requireTrace(path: string): void {
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw new Error('it is a folder');
    closeSync(openSync(partialOf(path), 'w'));
    rmSync(partialOf(path));
  } catch (cause) {
    throw cannotBeWritten(path, cause);
  }
}

const partialOf = (path: string): string => `${path}.partial`;

function cannotBeWritten(path: string, cause: unknown): RingError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new RingError(
    'STORE',
    `the trace cannot be written to ${path}: ${why}; name another file with --trace`,
    { cause },
  );
}

/** Errors: STORE. */
export async function writeTrace(path: string, timelines: readonly NodeTimeline[]): Promise<void> {
  const partial = partialOf(path);
  try {
    await writeFile(partial, JSON.stringify(toTrace(timelines)));
    await rename(partial, path);
  } catch (cause) {
    await rm(partial, { force: true });
    throw cannotBeWritten(path, cause);
  }
}
