// The common part of layers that apply one operator to every element and keep the shape.

import type { z } from 'zod';
import type { Attributes } from '../../graph/graph.ts';
import { defineLayer, misfit, streamType, valueOf } from './layer.ts';
import type { LayerDefinition, LayerSchema } from './layer.ts';

/** A layer that is one operator from x to x, of any shape. */
export const activation = <Schema extends LayerSchema>(
  options: Schema,
  op: string,
  attributes: (options: z.output<Schema>) => Attributes = () => ({}),
): LayerDefinition<Schema> =>
  defineLayer({
    options,
    outputs(_, inputs, place) {
      const x = streamType(inputs);
      if (x.type !== 'float32')
        throw misfit(place, x, 'numbers with a fraction', 'put an embedding before it');
      return { x };
    },
    build: (builder, { options, inputs }) => ({
      outputs: { x: builder.apply(op, [valueOf(inputs)], attributes(options)) },
    }),
  });
