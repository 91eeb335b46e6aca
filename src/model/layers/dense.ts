// The fully connected layer: y = x W' + b over the last axis, weights as PyTorch lays them out
// [units, inputs]. Axes before the last are rows of the same product.

import { z } from 'zod';
import { elementCount } from '../../graph/graph.ts';
import {
  defineLayer,
  float32,
  heUniform,
  misfit,
  size,
  streamType,
  valueOf,
  zeros,
} from './layer.ts';

export const dense = defineLayer({
  options: z
    .strictObject({
      layer: z.literal('dense').describe('The kind of layer.'),
      units: size().describe('How many outputs: the size of the last axis.'),
      bias: z.boolean().default(true).describe('Whether a learnt number is added to each output.'),
    })
    .describe('Every output is a weighted sum of all inputs of the last axis.'),

  outputs({ units }, inputs, place) {
    const x = streamType(inputs);
    if (x.type !== 'float32')
      throw misfit(place, x, 'numbers with a fraction', 'put an embedding before it');
    if (x.shape.length === 3)
      throw misfit(place, x, 'a flat vector of features', 'put { "layer": "flatten" } before it');
    if (x.shape.length === 0 || x.shape.length > 2)
      throw misfit(place, x, '[features] or [length, features]', 'change the layers before it');
    return { x: float32(...x.shape.slice(0, -1), units) };
  },

  parameters({ units, bias }, inputs) {
    const features = streamType(inputs).shape.at(-1) ?? 1;
    const weight = { name: 'weight', shape: [units, features], initial: heUniform(features) };
    return bias ? [weight, { name: 'bias', shape: [units], initial: zeros }] : [weight];
  },

  positions: (_, outputs) => elementCount(streamType(outputs).shape.slice(0, -1)),

  build(builder, { options, inputs, parameters }) {
    const x = valueOf(inputs);
    const { shape } = builder.type(x);
    const features = shape.at(-1) ?? 1;
    const operands = [valueOf(parameters, 'weight')];
    if (options.bias) operands.push(valueOf(parameters, 'bias'));
    if (shape.length === 2)
      return { outputs: { x: builder.apply('Gemm', [x, ...operands], { transB: 1 }) } };
    const rows = builder.apply('Reshape', [x], {
      shape: [elementCount(shape) / features, features],
    });
    const product = builder.apply('Gemm', [rows, ...operands], { transB: 1 });
    const y = builder.apply('Reshape', [product], {
      shape: [...shape.slice(0, -1), options.units],
    });
    return { outputs: { x: y } };
  },
});
