// The window that convolutions and pools slide over an image: options, padding and output size.

import { z } from 'zod';
import type { TensorType } from '../../graph/graph.ts';
import { misfit, size, streamType } from './layer.ts';
import type { Place, Streams } from './layer.ts';

const side = size(1024);
const padded = z.int().min(0).max(1024);

/** One number for both axes, or [height, width]. */
export const extent = z.union([side, z.tuple([side, side])]);

/** Rows and columns of zeros around the image; `same` makes the output ceil(input / stride). */
export const padding = z.union([padded, z.tuple([padded, padded]), z.literal('same')]);

type Extent = z.output<typeof extent>;

export interface WindowOptions {
  readonly kernel: Extent;
  readonly stride: Extent;
  readonly padding: z.output<typeof padding>;
}

type Pair = readonly [number, number];

export interface Window {
  readonly kernel: Pair;
  readonly strides: Pair;
  /** [top, left, bottom, right] */
  readonly pads: readonly [number, number, number, number];
  /** [height, width] of what comes out. */
  readonly output: Pair;
}

const pair = (value: Extent): Pair => (typeof value === 'number' ? [value, value] : value);

/** Begin and end padding of one axis for `same`: the odd one goes to the end, as in ONNX's SAME_UPPER. */
function samePadding(input: number, kernel: number, stride: number): Pair {
  const total = Math.max((Math.ceil(input / stride) - 1) * stride + kernel - input, 0);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}

/** The window's numbers over an image of `height` x `width`. */
export function windowOver(options: WindowOptions, height: number, width: number): Window {
  const kernel = pair(options.kernel);
  const strides = pair(options.stride);
  const around = (axis: 0 | 1, input: number): Pair => {
    if (options.padding === 'same') return samePadding(input, kernel[axis], strides[axis]);
    const each = pair(options.padding)[axis];
    return [each, each];
  };
  const [top, bottom] = around(0, height);
  const [left, right] = around(1, width);
  const out = (axis: 0 | 1, input: number) =>
    Math.floor((input - kernel[axis]) / strides[axis]) + 1;
  return {
    kernel,
    strides,
    pads: [top, left, bottom, right],
    output: [out(0, height + top + bottom), out(1, width + left + right)],
  };
}

/** [channels, height, width] of one sample. */
export function imageShape(type: TensorType): readonly [number, number, number] {
  const [channels = 1, height = 1, width = 1] = type.shape;
  return [channels, height, width];
}

/** Throws MODEL unless x is an image [channels, height, width]. */
export function expectImage(inputs: Streams<TensorType>, place: Place): TensorType {
  const x = streamType(inputs);
  if (x.type !== 'float32' || x.shape.length !== 3)
    throw misfit(
      place,
      x,
      'an image [channels, height, width]',
      'put it before any flatten or dense, and give the data an image shape',
    );
  return x;
}

/** As expectImage; also the window must fit and, for a pool, reach beyond its padding. */
export function expectWindow(
  options: WindowOptions,
  inputs: Streams<TensorType>,
  place: Place,
): Window {
  const x = expectImage(inputs, place);
  const [, height, width] = imageShape(x);
  const window = windowOver(options, height, width);
  if (window.output[0] < 1 || window.output[1] < 1)
    throw misfit(
      place,
      x,
      `an image no smaller than its kernel ${window.kernel.join(' x ')}`,
      'take a smaller kernel or more padding',
    );
  return window;
}
