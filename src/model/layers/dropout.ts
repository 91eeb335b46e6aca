// Dropout (Srivastava et al. 2014), drawn by counter: which numbers fall is a function of the seed,
// the layer, the step and the sample's place in the global batch, so no cut of the model changes it.

import { z } from 'zod';
import { defineLayer, streamType, valueOf } from './layer.ts';

export const dropout = defineLayer({
  options: z
    .strictObject({
      layer: z.literal('dropout').describe('The kind of layer.'),
      ratio: z
        .number()
        .min(0)
        .lt(1)
        .describe('The share of numbers that are set to zero in training.'),
    })
    .describe('Sets a random share of numbers to zero in training; does nothing afterwards.'),
  outputs: (_, inputs) => ({ x: streamType(inputs) }),
  build(builder, { options: { ratio }, inputs, training, layer, seed, counter }) {
    const x = valueOf(inputs);
    if (!training || ratio === 0) return { outputs: { x } };
    return { outputs: { x: builder.apply('Dropout', [x, counter()], { ratio, seed, layer }) } };
  },
});
