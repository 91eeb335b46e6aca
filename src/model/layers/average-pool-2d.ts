import { z } from 'zod';
import { pool, poolOptions } from './pool.ts';

/** The mean of each window (padding counts as zeros). */
export const averagePool2d = pool(
  z
    .strictObject({
      layer: z.literal('averagePool2d').describe('The kind of layer.'),
      ...poolOptions,
    })
    .describe('The mean of each window (padding counts as zeros).'),
  'AveragePool',
);
