import { z } from 'zod';
import { elementCount } from '../../graph/graph.ts';
import { defineLayer, streamType, valueOf } from './layer.ts';

/** Makes a flat vector of each sample, in row-major order. */
export const flatten = defineLayer({
  options: z
    .strictObject({ layer: z.literal('flatten').describe('The kind of layer.') })
    .describe('Makes a flat vector of each sample, as dense wants it.'),
  outputs(_, inputs) {
    const { type, shape } = streamType(inputs);
    return { x: { type, shape: [elementCount(shape)] } };
  },
  build(builder, { inputs }) {
    const x = valueOf(inputs);
    const [rows = 1, ...rest] = builder.type(x).shape;
    return { outputs: { x: builder.apply('Reshape', [x], { shape: [rows, elementCount(rest)] }) } };
  },
});
