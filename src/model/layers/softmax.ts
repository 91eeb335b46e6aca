import { z } from 'zod';
import { activation } from './activation.ts';

/** exp(x), made to sum to 1 over the last axis. Not before softmaxCrossEntropy, which does it itself. */
export const softmax = activation(
  z
    .strictObject({ layer: z.literal('softmax').describe('The kind of layer.') })
    .describe(
      'exp(x), made to sum to 1 over the last axis. Not before softmaxCrossEntropy, which does it itself.',
    ),
  'Softmax',
);
