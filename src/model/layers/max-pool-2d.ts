import { z } from 'zod';
import { pool, poolOptions } from './pool.ts';

/** The largest number of each window. */
export const maxPool2d = pool(
  z
    .strictObject({ layer: z.literal('maxPool2d').describe('The kind of layer.'), ...poolOptions })
    .describe('The largest number of each window.'),
  'MaxPool',
);
