// metrics.jsonl: one JSON object a line, in the order of what happened. A process that dies may leave
// its last line torn; whoever reads it back passes over that.

import { open, readFile, truncate } from 'node:fs/promises';
import { RingError } from '../errors.ts';

export type Metrics = Readonly<Record<string, unknown>>;

export interface MetricsWriter {
  /** Hands one line to the system; lines keep the order of the calls. Errors: STORE. */
  append(record: Metrics): Promise<void>;
  close(): Promise<void>;
}

/** Begins the file anew. Errors: STORE. */
export const writeMetrics = (path: string): Promise<MetricsWriter> => openMetrics(path, 'w');

/** Goes on after its last whole line. Errors: RUN, STORE. */
export async function continueMetrics(path: string): Promise<MetricsWriter> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new RingError('RUN', `${path} cannot be read: ${(cause as Error).message}`, { cause });
  });
  await truncate(path, bytes.lastIndexOf('\n') + 1);
  return openMetrics(path, 'a');
}

async function openMetrics(path: string, flags: 'w' | 'a'): Promise<MetricsWriter> {
  const failed = (cause: unknown): never => {
    if (cause instanceof RingError) throw cause;
    throw new RingError('STORE', `${path} cannot be written: ${(cause as Error).message}`, {
      cause,
    });
  };
  const file = await open(path, flags).catch(failed);
  let last: Promise<void> = Promise.resolve();
  return {
    append(record) {
      last = last.then(() => file.appendFile(`${JSON.stringify(record)}\n`)).catch(failed);
      // Whoever awaits this sees the failure; nobody has to.
      last.catch(() => {});
      return last;
    },
    async close() {
      await last.catch(() => {});
      await file.close();
    },
  };
}

/** Reads the records one by one. Errors: RUN for a bad line that is not the last. */
export async function* readMetrics(path: string): AsyncGenerator<Metrics> {
  const file = await open(path).catch((cause: unknown) => {
    throw new RingError('RUN', `${path} cannot be read: ${(cause as Error).message}`, { cause });
  });
  let torn: number | undefined;
  let number = 0;
  for await (const line of file.readLines()) {
    if (torn !== undefined) {
      throw new RingError('RUN', `${path} line ${torn} is not a JSON object: the file is damaged`);
    }
    number++;
    const record = parseRecord(line);
    if (record) yield record;
    else torn = number;
  }
}

function parseRecord(line: string): Metrics | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Metrics) : undefined;
  } catch {
    return undefined;
  }
}
