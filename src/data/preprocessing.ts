// What was learnt from the training data and has to stay the same ever after: classes, columns,
// means and deviations. Plain JSON, kept in the run's training.json; whatever samples the trained
// model sees later are read by it.

import { z } from 'zod';
import { RingError } from '../errors.ts';

const axis = z.int().min(1);

const csvPreprocessing = z
  .object({
    kind: z.literal('csv'),
    shape: z.array(axis),
    /** Names of the inputs, where the file had a header. */
    names: z.array(z.string()).optional(),
    label: z.object({ column: z.int().min(0), name: z.string().optional() }),
    target: z.enum(['class', 'number']),
    classes: z.array(z.string()).optional(),
    means: z.array(z.number()),
    deviations: z.array(z.number().min(0)),
  })
  .refine(({ means, deviations }) => means.length === deviations.length);

const idxPreprocessing = z.object({
  kind: z.literal('idx'),
  shape: z.array(axis),
  classes: z.array(z.string()),
});

const digitsPreprocessing = z.object({ kind: z.literal('digits'), seed: z.int() });

const preprocessingSchema = z.union([csvPreprocessing, idxPreprocessing, digitsPreprocessing]);

export type CsvPreprocessing = z.output<typeof csvPreprocessing>;
export type IdxPreprocessing = z.output<typeof idxPreprocessing>;
export type DigitsPreprocessing = z.output<typeof digitsPreprocessing>;
export type Preprocessing = z.output<typeof preprocessingSchema>;

/** Accepts what a run kept. Errors: RUN. */
export function parsePreprocessing(value: unknown, where: string): Preprocessing {
  const parsed = preprocessingSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new RingError(
    'RUN',
    `${where} does not say how its data was prepared, or says it wrongly: the run is damaged; train again`,
  );
}
