import { z } from 'zod';
import { activation } from './activation.ts';

/** x times sigmoid(x). */
export const silu = activation(
  z
    .strictObject({ layer: z.literal('silu').describe('The kind of layer.') })
    .describe('x times sigmoid(x).'),
  'Silu',
);
