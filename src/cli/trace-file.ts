// The trace of a run as a file for Perfetto (ui.perfetto.dev) or Chrome's tracing page.

import { rename, rm, writeFile } from 'node:fs/promises';

import { RingError } from '../errors.ts';
import { toTrace } from '../meter/trace.ts';
import type { NodeTimeline } from '../meter/trace.ts';

/** Errors: STORE. */
export async function writeTrace(path: string, timelines: readonly NodeTimeline[]): Promise<void> {
  const partial = `${path}.partial`;
  try {
    await writeFile(partial, JSON.stringify(toTrace(timelines)));
    await rename(partial, path);
  } catch (cause) {
    await rm(partial, { force: true });
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new RingError(
      'STORE',
      `the trace cannot be written to ${path}: ${why}; name another file`,
      {
        cause,
      },
    );
  }
}
