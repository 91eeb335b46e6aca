// The common part of maxPool2d and averagePool2d.

import { z } from 'zod';
import { defineLayer, float32, misfit, streamType, valueOf } from './layer.ts';
import type { LayerSchema } from './layer.ts';
import { expectWindow, extent, imageShape, padding, windowOver } from './window.ts';
import type { WindowOptions } from './window.ts';

export const poolOptions = {
  kernel: extent.describe('The size of the window: one number, or [height, width].'),
  stride: extent
    .optional()
    .describe('By how much the window moves: one number, or [down, right]. The kernel by default.'),
  padding: padding
    .default(0)
    .describe('Rows and columns around the image: one number, [vertical, horizontal], or "same".'),
};

type PoolSchema = LayerSchema & z.ZodObject<typeof poolOptions>;

const windowOf = (options: z.output<z.ZodObject<typeof poolOptions>>): WindowOptions => ({
  ...options,
  stride: options.stride ?? options.kernel,
});

/** A layer that makes one number of each window of each channel. */
export const pool = <Schema extends PoolSchema>(options: Schema, op: string) =>
  defineLayer<Schema>({
    options,
    outputs(options, inputs, place) {
      const { kernel, pads, output } = expectWindow(windowOf(options), inputs, place);
      const x = streamType(inputs);
      // A window that lies in the padding alone would have no maximum.
      if (Math.max(pads[0], pads[2]) * 2 > kernel[0] || Math.max(pads[1], pads[3]) * 2 > kernel[1])
        throw misfit(place, x, 'a padding of at most half its kernel', 'take less padding');
      return { x: float32(imageShape(x)[0], ...output) };
    },
    build(builder, { options, inputs }) {
      const x = valueOf(inputs);
      const [, , height = 1, width = 1] = builder.type(x).shape;
      const { kernel, strides, pads } = windowOver(windowOf(options), height, width);
      return { outputs: { x: builder.apply(op, [x], { kernel, strides, pads }) } };
    },
  });
