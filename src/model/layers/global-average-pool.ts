import { z } from 'zod';
import { defineLayer, float32, valueOf } from './layer.ts';
import { expectImage, imageShape } from './window.ts';

/** The mean of each channel: [channels, height, width] becomes [channels]. */
export const globalAveragePool = defineLayer({
  options: z
    .strictObject({ layer: z.literal('globalAveragePool').describe('The kind of layer.') })
    .describe('The mean of each channel: an image becomes a flat vector.'),
  outputs: (_, inputs, place) => ({ x: float32(imageShape(expectImage(inputs, place))[0]) }),
  build: (builder, { inputs }) => ({
    outputs: {
      x: builder.apply('ReduceMean', [valueOf(inputs)], { axes: [2, 3], keepdims: 0 }),
    },
  }),
});
