// The losses there are. A new one is a file beside this and an entry in the table.

import { z } from 'zod';
import { binaryCrossEntropy } from './binary-cross-entropy.ts';
import { meanSquaredError } from './mean-squared-error.ts';
import { softmaxCrossEntropy } from './softmax-cross-entropy.ts';
import type { LossDefinition } from './loss.ts';

export const lossSchema = z.enum(['softmaxCrossEntropy', 'meanSquaredError', 'binaryCrossEntropy']);

export type LossKind = z.output<typeof lossSchema>;

export const losses: Readonly<Record<LossKind, LossDefinition>> = {
  softmaxCrossEntropy,
  meanSquaredError,
  binaryCrossEntropy,
};
