import { z } from 'zod';
import { activation } from './activation.ts';

/** x where x is positive, alpha times x elsewhere. */
export const leakyRelu = activation(
  z
    .strictObject({
      layer: z.literal('leakyRelu').describe('The kind of layer.'),
      alpha: z.number().positive().max(1e6).default(0.01).describe('The slope below zero.'),
    })
    .describe('x where x is positive, alpha times x elsewhere.'),
  'LeakyRelu',
  ({ alpha }) => ({ alpha }),
);
