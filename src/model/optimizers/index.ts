// The optimizers there are. A new one is a file beside this and a line in the list.

import { z } from 'zod';
import { RingError } from '../../errors.ts';
import { adam, adamw } from './adam.ts';
import type { OptimizerDefinition } from './optimizer.ts';
import { sgd } from './sgd.ts';

export const optimizerSchema = z.discriminatedUnion('kind', [
  sgd.options,
  adam.options,
  adamw.options,
]);

/** An optimizer as a training file gives it, with its defaults filled in. */
export type OptimizerOptions = z.output<typeof optimizerSchema>;

const byKind: Readonly<Record<OptimizerOptions['kind'], OptimizerDefinition>> = {
  sgd,
  adam,
  adamw,
};

/** The definition of an optimizer that the schema has accepted. */
export function optimizerDefinition(kind: string): OptimizerDefinition {
  if (!Object.hasOwn(byKind, kind)) throw new RingError('MODEL', `there is no optimizer '${kind}'`);
  return byKind[kind as OptimizerOptions['kind']];
}
