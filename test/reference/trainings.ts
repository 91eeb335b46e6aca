// Helpers of the tests of trainings: one around a given model, and comparison with the golden vectors.

import { interpret } from './interpreter.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { resolveTraining } from '../../src/model/resolve.ts';
import type { DataFacts, ResolvedTraining } from '../../src/model/resolve.ts';
import { parseTraining } from '../../src/model/training.ts';

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

/** The largest difference relative to the largest number expected; NaN when either is missing. */
export function relativeError(
  actual: ArrayLike<number> | undefined,
  expected: ArrayLike<number> | undefined,
): number {
  if (!actual || !expected || actual.length !== expected.length) return Number.NaN;
  let difference = 0;
  let scale = 0;
  for (let index = 0; index < expected.length; index++) {
    const [a = 0, b = 0] = [actual[index], expected[index]];
    if (Number.isNaN(a)) return Number.NaN;
    difference = Math.max(difference, Math.abs(a - b));
    scale = Math.max(scale, Math.abs(b));
  }
  return difference / (scale || 1);
}
