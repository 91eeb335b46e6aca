// Helpers of this folder's tests: a training around a model, and comparison with the golden vectors.

import { expect } from 'vitest';
import { interpret } from '../../test/reference/interpreter.ts';
import type { Graph } from '../graph/graph.ts';
import { resolveTraining } from './resolve.ts';
import type { DataFacts, ResolvedTraining } from './resolve.ts';
import { parseTraining } from './training.ts';

export type Values = Record<string, Float32Array | Int32Array>;

/** A resolved training of `model`; `more` adds to the file or replaces what it says. */
export const trainingOf = (
  model: readonly unknown[],
  facts: Omit<DataFacts, 'trainCount'> & Partial<DataFacts>,
  more: Readonly<Record<string, unknown>> = {},
): ResolvedTraining =>
  resolveTraining(
    parseTraining(
      {
        data: { kind: 'digits' },
        model,
        loss: 'meanSquaredError',
        optimizer: { kind: 'sgd' },
        epochs: 1,
        ...more,
      },
      'test',
    ),
    { trainCount: 64, ...facts },
  );

/** Runs a graph on values by name, which it adds its outputs to. */
export function runInto(graph: Graph, values: Values): Values {
  const outputs = interpret(graph, values);
  return Object.assign(values, outputs);
}

/** The largest difference relative to the largest number expected. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  let difference = 0;
  let scale = 0;
  for (let index = 0; index < expected.length; index++) {
    difference = Math.max(difference, Math.abs((actual[index] ?? 0) - (expected[index] ?? 0)));
    scale = Math.max(scale, Math.abs(expected[index] ?? 0));
  }
  return difference / (scale || 1);
}

/** Fails unless the relative error is below `tolerance`. */
export function expectNear(
  name: string,
  actual: ArrayLike<number> | undefined,
  expected: ArrayLike<number> | undefined,
  tolerance = 1e-4,
): void {
  if (!actual || !expected) throw new Error(`${name} is missing`);
  expect(relativeError(actual, expected), name).toBeLessThan(tolerance);
}
