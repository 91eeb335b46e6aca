// Convolutions: patches as columns for the matrix product (im2col, col2im), and direct loops over rows
// for few channels per group, where columns would cost more than the product saves.

import { splat } from './math';

/** The first output place whose input, at `place * stride + shift`, is not left of the input. */
@inline
function firstInside(shift: i32, stride: i32): i32 {
  return shift >= 0 ? 0 : (-shift + stride - 1) / stride;
}

/** One past the last output place (of `count`) whose input is not right of the input's `size`. */
@inline
function endInside(shift: i32, stride: i32, size: i32, count: i32): i32 {
  return max(0, min(count, size - shift <= 0 ? 0 : (size - shift + stride - 1) / stride));
}

@inline
function zeros(to: usize, count: i32): void {
  for (; count > 0; count--, to += 4) f32.store(to, 0);
}

@inline
function copyRow(from: usize, to: usize, count: i32, stride: i32): void {
  if (stride == 1) {
    for (; count >= 4; count -= 4, from += 16, to += 16) v128.store(to, v128.load(from));
  }
  const step = <usize>stride << 2;
  for (; count > 0; count--, from += step, to += 4) f32.store(to, f32.load(from));
}

/** Zeroes what hangs over the edges in one plane of columns, h x w like the image, shifted by (dy, dx). */
@inline
function clearOverhang(plane: usize, h: i32, w: i32, dy: i32, dx: i32): void {
  if (dy < 0) memory.fill(plane, 0, <usize>(min(h, -dy) * w) << 2);
  if (dy > 0) memory.fill(plane + (<usize>(max(0, h - dy) * w) << 2), 0, <usize>(min(h, dy) * w) << 2);
  const first = dx < 0 ? 0 : max(0, w - dx);
  const count = min(w, dx < 0 ? -dx : dx);
  for (let j = first; j < first + count; j++) {
    let at = plane + (<usize>j << 2);
    for (let i = 0; i < h; i++, at += <usize>w << 2) f32.store(at, 0);
  }
}

/**
 * Columns of one sample: x [c,h,w] -> columns [c*kh*kw, oh*ow], zero where the kernel hangs over the
 * edge (`top`, `left` are the padding before; the padding after follows from oh and ow).
 */
export function im2col(
  x: usize, columns: usize, c: i32, h: i32, w: i32, kh: i32, kw: i32, oh: i32, ow: i32,
  strideY: i32, strideX: i32, top: i32, left: i32,
): void {
  const row = <usize>ow << 2;
  const same = strideY == 1 && strideX == 1 && oh == h && ow == w;
  for (let channel = 0; channel < c; channel++, x += <usize>(h * w) << 2)
    for (let ky = 0; ky < kh; ky++)
      for (let kx = 0; kx < kw; kx++) {
        const shift = kx - left;
        if (same) {
          // Columns of the image's own size are the whole plane moved along, but for the edges.
          const distance = (ky - top) * w + shift;
          const start = max(0, -distance);
          const count = h * w - max(distance, -distance);
          if (count > 0) copyRow(x + (<usize>(start + distance) << 2), columns + (<usize>start << 2), count, 1);
          clearOverhang(columns, h, w, ky - top, shift);
          columns += <usize>h * row;
          continue;
        }
        const begin = min(ow, firstInside(shift, strideX));
        const end = max(begin, endInside(shift, strideX, w, ow));
        for (let oy = 0; oy < oh; oy++, columns += row) {
          const y = oy * strideY + ky - top;
          if (<u32>y >= <u32>h) {
            zeros(columns, ow);
            continue;
          }
          zeros(columns, begin);
          const from = x + (<usize>(y * w + begin * strideX + shift) << 2);
          copyRow(from, columns + (<usize>begin << 2), end - begin, strideX);
          zeros(columns + (<usize>end << 2), ow - end);
        }
      }
}

@inline
function addRow(from: usize, to: usize, count: i32, stride: i32): void {
  if (stride == 1) {
    for (; count >= 4; count -= 4, from += 16, to += 16)
      v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
  }
  const step = <usize>stride << 2;
  for (; count > 0; count--, from += 4, to += step) f32.store(to, f32.load(to) + f32.load(from));
}

/**
 * The reverse: x = 0, then every column's element added where it was taken from, in the order of
 * columns. Elements that hang over the edge are overwritten with zeros.
 */
export function col2im(
  columns: usize, x: usize, c: i32, h: i32, w: i32, kh: i32, kw: i32, oh: i32, ow: i32,
  strideY: i32, strideX: i32, top: i32, left: i32,
): void {
  const row = <usize>ow << 2;
  const same = strideY == 1 && strideX == 1 && oh == h && ow == w;
  memory.fill(x, 0, <usize>(c * h * w) << 2);
  for (let channel = 0; channel < c; channel++, x += <usize>(h * w) << 2)
    for (let ky = 0; ky < kh; ky++)
      for (let kx = 0; kx < kw; kx++) {
        const shift = kx - left;
        if (same) {
          const distance = (ky - top) * w + shift;
          const start = max(0, -distance);
          const count = h * w - max(distance, -distance);
          clearOverhang(columns, h, w, ky - top, shift);
          if (count > 0) addRow(columns + (<usize>start << 2), x + (<usize>(start + distance) << 2), count, 1);
          columns += <usize>h * row;
          continue;
        }
        const begin = min(ow, firstInside(shift, strideX));
        const end = max(begin, endInside(shift, strideX, w, ow));
        for (let oy = 0; oy < oh; oy++, columns += row) {
          const y = oy * strideY + ky - top;
          if (<u32>y >= <u32>h) continue;
          const to = x + (<usize>(y * w + begin * strideX + shift) << 2);
          addRow(columns + (<usize>begin << 2), to, end - begin, strideX);
        }
      }
}

/** y += weight * x over a row. */
@inline
function addScaled(weight: f32, x: usize, xStride: i32, y: usize, yStride: i32, count: i32): void {
  if (xStride == 1 && yStride == 1) {
    const f = splat(weight);
    for (; count >= 4; count -= 4, x += 16, y += 16)
      v128.store(y, f32x4.add(v128.load(y), f32x4.mul(f, v128.load(x))));
  }
  const xStep = <usize>xStride << 2;
  const yStep = <usize>yStride << 2;
  for (; count > 0; count--, x += xStep, y += yStep) f32.store(y, f32.load(y) + weight * f32.load(x));
}

/** The sum of a * b over a row. */
@inline
function dot(a: usize, b: usize, bStride: i32, count: i32): f32 {
  let sum: f32 = 0;
  if (bStride == 1 && count >= 4) {
    let s = splat(0);
    for (; count >= 4; count -= 4, a += 16, b += 16) s = f32x4.add(s, f32x4.mul(v128.load(a), v128.load(b)));
    sum = (f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 2)) + (f32x4.extract_lane(s, 1) + f32x4.extract_lane(s, 3));
  }
  const step = <usize>bStride << 2;
  for (; count > 0; count--, a += 4, b += step) sum += f32.load(a) * f32.load(b);
  return sum;
}

const FORWARD: i32 = 0;
const INPUT: i32 = 1;
const WEIGHT: i32 = 2;

/**
 * One sample, all groups: `inputs` channels in and `outputs` out per group. FORWARD adds into y,
 * INPUT into x (both zero or biased before), WEIGHT into the weights.
 */
@inline
function direct(
  what: i32, x: usize, weights: usize, y: usize, groups: i32, inputs: i32, outputs: i32, h: i32, w: i32,
  kh: i32, kw: i32, oh: i32, ow: i32, strideY: i32, strideX: i32, top: i32, left: i32,
): void {
  for (let g = 0; g < groups; g++, x += <usize>(inputs * h * w) << 2)
    for (let o = 0; o < outputs; o++, y += <usize>(oh * ow) << 2)
      for (let i = 0; i < inputs; i++)
        for (let ky = 0; ky < kh; ky++)
          for (let kx = 0; kx < kw; kx++, weights += 4) {
            const weight = f32.load(weights);
            const shift = kx - left;
            const begin = firstInside(shift, strideX);
            const count = endInside(shift, strideX, w, ow) - begin;
            let sum: f32 = 0;
            const last = endInside(ky - top, strideY, h, oh);
            for (let oy = firstInside(ky - top, strideY); oy < last; oy++) {
              const yRow = y + (<usize>(oy * ow + begin) << 2);
              const xRow = x + (<usize>((i * h + oy * strideY + ky - top) * w + begin * strideX + shift) << 2);
              if (what == FORWARD) addScaled(weight, xRow, strideX, yRow, 1, count);
              else if (what == INPUT) addScaled(weight, yRow, 1, xRow, strideX, count);
              else sum += dot(yRow, xRow, strideX, count);
            }
            if (what == WEIGHT) f32.store(weights, weight + sum);
          }
}

export function convolve(x: usize, weights: usize, y: usize, groups: i32, inputs: i32, outputs: i32, h: i32, w: i32, kh: i32, kw: i32, oh: i32, ow: i32, strideY: i32, strideX: i32, top: i32, left: i32): void {
  direct(FORWARD, x, weights, y, groups, inputs, outputs, h, w, kh, kw, oh, ow, strideY, strideX, top, left);
}
export function convolveInputGradient(x: usize, weights: usize, y: usize, groups: i32, inputs: i32, outputs: i32, h: i32, w: i32, kh: i32, kw: i32, oh: i32, ow: i32, strideY: i32, strideX: i32, top: i32, left: i32): void {
  direct(INPUT, x, weights, y, groups, inputs, outputs, h, w, kh, kw, oh, ow, strideY, strideX, top, left);
}
export function convolveWeightGradient(x: usize, weights: usize, y: usize, groups: i32, inputs: i32, outputs: i32, h: i32, w: i32, kh: i32, kw: i32, oh: i32, ow: i32, strideY: i32, strideX: i32, top: i32, left: i32): void {
  direct(WEIGHT, x, weights, y, groups, inputs, outputs, h, w, kh, kw, oh, ow, strideY, strideX, top, left);
}
