import { z } from 'zod';
import { activation } from './activation.ts';

/** max(x, 0). */
export const relu = activation(
  z
    .strictObject({ layer: z.literal('relu').describe('The kind of layer.') })
    .describe('max(x, 0).'),
  'Relu',
);
