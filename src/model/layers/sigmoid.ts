import { z } from 'zod';
import { activation } from './activation.ts';

/** 1 / (1 + exp(-x)). */
export const sigmoid = activation(
  z
    .strictObject({ layer: z.literal('sigmoid').describe('The kind of layer.') })
    .describe('1 / (1 + exp(-x)).'),
  'Sigmoid',
);
