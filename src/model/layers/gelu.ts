import { z } from 'zod';
import { activation } from './activation.ts';

/** x times the normal distribution function of x (exact, by erf). */
export const gelu = activation(
  z
    .strictObject({ layer: z.literal('gelu').describe('The kind of layer.') })
    .describe('x times the normal distribution function of x (exact, by erf).'),
  'Gelu',
);
