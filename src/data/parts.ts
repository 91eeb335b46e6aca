// What every kind of data comes down to: a part to train on, perhaps a part to test on, what was
// learnt from the former; and the closing of all that was opened for them.

import { RingError } from '../errors.ts';
import type { Dataset } from '../ports.ts';
import { subset } from './memory.ts';
import type { Preprocessing } from './preprocessing.ts';
import { splitSamples } from './split.ts';

export interface Parts {
  readonly train: Dataset;
  readonly test?: Dataset;
  readonly preprocessing: Preprocessing;
}

/** Notes a resource, to be closed later. */
export type Keep = <T extends { close(): Promise<void> }>(resource: T) => T;

/** Splits a dataset by the seed; `path` names it in errors. Errors: DATA when it is too small. */
export function splitParts(
  all: Dataset,
  trainCount: number,
  testCount: number,
  seed: number,
  path: string,
): { readonly train: Dataset; readonly test?: Dataset } {
  if (trainCount < 1 || trainCount + testCount > all.count) {
    throw new RingError(
      'DATA',
      `${trainCount} samples to train on and ${testCount} to test on were asked for, but ${path} holds ${all.count}: ask for fewer, at least one to train on`,
    );
  }
  const split = splitSamples(all.count, trainCount, testCount, seed);
  return {
    train: subset(all, split.train),
    ...(testCount > 0 && { test: subset(all, split.test) }),
  };
}

/** `count` samples drawn by the seed, or all. */
export function someOf(
  all: Dataset,
  count: number | undefined,
  seed: number,
  path: string,
): Dataset {
  return count === undefined ? all : splitParts(all, count, 0, seed, path).train;
}

/** Collects what was opened, to close it together. */
export function resources(): { readonly keep: Keep; readonly close: () => Promise<void> } {
  const opened: { close(): Promise<void> }[] = [];
  return {
    keep(resource) {
      opened.push(resource);
      return resource;
    },
    async close() {
      for (const resource of opened.splice(0)) await resource.close();
    },
  };
}
