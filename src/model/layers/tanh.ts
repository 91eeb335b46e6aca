import { z } from 'zod';
import { activation } from './activation.ts';

/** The hyperbolic tangent. */
export const tanh = activation(
  z
    .strictObject({ layer: z.literal('tanh').describe('The kind of layer.') })
    .describe('The hyperbolic tangent.'),
  'Tanh',
);
