// The training file: what a user writes and what a run freezes. Parsing is here; what follows from a
// file and its data is in resolve.ts.

import { z } from 'zod';
import { trainingSchema } from './schema.ts';
import { parseWith } from './schema-error.ts';
import type { ResolvedTraining } from './resolve.ts';
import type { Training } from './schema.ts';

export type { DataDescription, Training } from './schema.ts';
export type { LayerOptions } from './layers/index.ts';
export type { LossKind } from './losses/index.ts';
export type { OptimizerOptions } from './optimizers/index.ts';
export { parseResolved, parseRingTraining, resolveTraining, ringTraining } from './resolve.ts';
export type { DataFacts, ResolvedLayer, ResolvedTraining, RingTraining } from './resolve.ts';

/** The JSON schema of the training file: what a user may write, defaults left out or not. */
export const trainingJsonSchema = (): Readonly<Record<string, unknown>> =>
  z.toJSONSchema(trainingSchema, { io: 'input' });

/**
 * Reads a training file's value; `where` names the file in errors. A `resolved` part, which a run's
 * own training.json has, is ignored. Errors: TRAINING_FILE.
 */
export function parseTraining(value: unknown, where: string): Training {
  const { resolved: _, ...training } = parseWith(trainingSchema, value, where, 'TRAINING_FILE');
  return training;
}

/** The layers that have anything to keep: parameters, or state. */
export const layersKept = ({ resolved }: Pick<ResolvedTraining, 'resolved'>): number[] =>
  resolved.layers.flatMap(({ parameters, state }, layer) =>
    parameters.length + state.length > 0 ? [layer] : [],
  );
