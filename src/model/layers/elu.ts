import { z } from 'zod';
import { activation } from './activation.ts';

/** x where x is positive, alpha (exp(x) - 1) elsewhere. */
export const elu = activation(
  z
    .strictObject({
      layer: z.literal('elu').describe('The kind of layer.'),
      alpha: z
        .number()
        .positive()
        .max(1e6)
        .default(1)
        .describe('What the output comes near for very negative input, with its sign turned.'),
    })
    .describe('x where x is positive, alpha (exp(x) - 1) elsewhere.'),
  'Elu',
  ({ alpha }) => ({ alpha }),
);
