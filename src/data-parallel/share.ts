// Who computes which rows of a batch. All workers' shares follow from their number alone, and are as
// even as whole rows allow.

import { RingError } from '../errors.ts';

/** A worker's rows of a batch: `rows` of them from place `position` on. */
export interface Share {
  readonly position: number;
  readonly rows: number;
}

/** The share of worker `index` of `workers` in a batch of so many rows; without rows where there are too few. */
export function shareOf(batchRows: number, index: number, workers: number): Share {
  const position = Math.floor((index * batchRows) / workers);
  return { position, rows: Math.floor(((index + 1) * batchRows) / workers) - position };
}

/** Errors: TOO_MANY_NODES where some of the workers would have no rows. */
export function requireRows(batchRows: number, workers: number): void {
  if (workers > batchRows)
    throw new RingError(
      'TOO_MANY_NODES',
      `a batch has ${batchRows} samples, so at most ${batchRows} workers can share it, not ${workers}: ask for fewer nodes or a larger batch`,
    );
}

/** How a worker goes through its share. */
export interface ShareParts {
  /** Rows of a full microbatch. */
  readonly rows: number;
  /** Microbatches of a full share. */
  readonly microbatches: number;
}

/**
 * The parts of a share. All workers together split a batch at least as finely as was asked for, so a
 * microbatch takes no more memory than on one node, and is no smaller than it has to be.
 */
export function sharePartsOf(batchRows: number, microbatches: number, workers: number): ShareParts {
  const fullShare = Math.ceil(batchRows / workers);
  const rows = Math.ceil(fullShare / Math.ceil(microbatches / workers));
  return { rows, microbatches: Math.ceil(fullShare / rows) };
}
