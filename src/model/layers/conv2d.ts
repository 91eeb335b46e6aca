// Two-dimensional convolution, weights as PyTorch lays them out [filters, channels / groups, h, w].

import { z } from 'zod';
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
import { expectWindow, extent, imageShape, padding, windowOver } from './window.ts';

export const conv2d = defineLayer({
  options: z
    .strictObject({
      layer: z.literal('conv2d').describe('The kind of layer.'),
      filters: size(65536).describe('How many channels come out.'),
      kernel: extent.describe('The size of the window: one number, or [height, width].'),
      stride: extent
        .default(1)
        .describe('By how much the window moves: one number, or [down, right].'),
      padding: padding
        .default(0)
        .describe('Zeros around the image: one number, [vertical, horizontal], or "same".'),
      groups: size(65536)
        .default(1)
        .describe('Channels are split into so many groups that do not see each other.'),
      bias: z.boolean().default(true).describe('Whether a learnt number is added to each channel.'),
    })
    .describe('Slides filters over an image.'),

  outputs(options, inputs, place) {
    const { output } = expectWindow(options, inputs, place);
    const x = streamType(inputs);
    const [channels] = imageShape(x);
    if (channels % options.groups !== 0 || options.filters % options.groups !== 0)
      throw misfit(
        place,
        x,
        `channels and filters (${options.filters}) that its ${options.groups} groups divide`,
        'change groups or filters',
      );
    return { x: float32(options.filters, ...output) };
  },

  parameters(options, inputs) {
    const [channels, height, width] = imageShape(streamType(inputs));
    const { kernel } = windowOver(options, height, width);
    const each = channels / options.groups;
    const weight = {
      name: 'weight',
      shape: [options.filters, each, ...kernel],
      initial: heUniform(each * kernel[0] * kernel[1]),
    };
    return options.bias
      ? [weight, { name: 'bias', shape: [options.filters], initial: zeros }]
      : [weight];
  },

  positions(_, outputs) {
    const [, height, width] = imageShape(streamType(outputs));
    return height * width;
  },

  build(builder, { options, inputs, parameters }) {
    const x = valueOf(inputs);
    const [, , height = 1, width = 1] = builder.type(x).shape;
    const { strides, pads } = windowOver(options, height, width);
    const operands = [x, valueOf(parameters, 'weight')];
    if (options.bias) operands.push(valueOf(parameters, 'bias'));
    const y = builder.apply('Conv', operands, { strides, pads, group: options.groups });
    return { outputs: { x: y } };
  },
});
