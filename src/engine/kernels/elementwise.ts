// Functions of one tensor, and their gradients. One loop serves them all: the function is chosen by a
// constant that the compiler folds away. A tail shorter than a vector goes through the same vector
// code lane by lane, so an element's bits do not depend on its place.

import { erfc, exp, log, log1p, madd, select, sigmoid, splat, tanh } from './math';

const NEG: i32 = 0;
const EXP: i32 = 1;
const LOG: i32 = 2;
const SQRT: i32 = 3;
const SOFTPLUS: i32 = 4;
const RELU: i32 = 5;
const LEAKY_RELU: i32 = 6;
const ELU: i32 = 7;
const GELU: i32 = 8;
const SILU: i32 = 9;
const TANH: i32 = 10;
const SIGMOID: i32 = 11;
const SCALE: i32 = 12;

@inline
function expm1(x: v128): v128 {
  // e^x - 1 = 2t / (1 - t) with t = tanh(x / 2): no cancellation near 0. For x <= 0 only.
  const t = tanh(f32x4.mul(x, splat(0.5)));
  const near = f32x4.div(f32x4.add(t, t), f32x4.sub(splat(1), t));
  return select(near, f32x4.sub(exp(x), splat(1)), f32x4.gt(x, splat(-1)));
}

/** Half of erfc(-x / sqrt 2): the normal distribution's Phi(x). */
@inline
function normal(x: v128): v128 {
  return f32x4.mul(splat(0.5), erfc(f32x4.mul(x, splat(-0.70710678118654752))));
}

@inline
function evaluate(f: i32, x: v128, alpha: v128): v128 {
  if (f == NEG) return f32x4.neg(x);
  if (f == EXP) return exp(x);
  if (f == LOG) return log(x);
  if (f == SQRT) return f32x4.sqrt(x);
  if (f == SOFTPLUS) return f32x4.add(f32x4.max(x, splat(0)), log1p(exp(f32x4.neg(f32x4.abs(x)))));
  if (f == RELU) return f32x4.max(x, splat(0));
  if (f == LEAKY_RELU) return select(f32x4.mul(x, alpha), x, f32x4.lt(x, splat(0)));
  if (f == ELU) return select(f32x4.mul(alpha, expm1(f32x4.min(x, splat(0)))), x, f32x4.le(x, splat(0)));
  if (f == GELU) return f32x4.mul(x, normal(x));
  if (f == SILU) return f32x4.mul(x, sigmoid(x));
  if (f == TANH) return tanh(x);
  if (f == SIGMOID) return sigmoid(x);
  return f32x4.mul(x, alpha);
}

@inline
function map(f: i32, x: usize, y: usize, n: i32, parameter: f32): void {
  const alpha = splat(parameter);
  const end = x + (<usize>n << 2);
  const whole = x + (<usize>(n & ~3) << 2);
  for (; x < whole; x += 16, y += 16) v128.store(y, evaluate(f, v128.load(x), alpha));
  for (; x < end; x += 4, y += 4) v128.store32_lane(y, evaluate(f, v128.load32_splat(x), alpha), 0);
}

export function neg(x: usize, y: usize, n: i32): void { map(NEG, x, y, n, 0); }
export function exponential(x: usize, y: usize, n: i32): void { map(EXP, x, y, n, 0); }
export function logarithm(x: usize, y: usize, n: i32): void { map(LOG, x, y, n, 0); }
export function squareRoot(x: usize, y: usize, n: i32): void { map(SQRT, x, y, n, 0); }
export function softplus(x: usize, y: usize, n: i32): void { map(SOFTPLUS, x, y, n, 0); }
export function relu(x: usize, y: usize, n: i32): void { map(RELU, x, y, n, 0); }
export function leakyRelu(x: usize, y: usize, n: i32, alpha: f32): void { map(LEAKY_RELU, x, y, n, alpha); }
export function elu(x: usize, y: usize, n: i32, alpha: f32): void { map(ELU, x, y, n, alpha); }
export function gelu(x: usize, y: usize, n: i32): void { map(GELU, x, y, n, 0); }
export function silu(x: usize, y: usize, n: i32): void { map(SILU, x, y, n, 0); }
export function hyperbolicTangent(x: usize, y: usize, n: i32): void { map(TANH, x, y, n, 0); }
export function logistic(x: usize, y: usize, n: i32): void { map(SIGMOID, x, y, n, 0); }
/** y = x * s, s read from memory. */
export function scale(x: usize, s: usize, y: usize, n: i32): void { map(SCALE, x, y, n, f32.load(s)); }

/** The derivative times dY: of v = the output for RELU..ELU, TANH, SIGMOID; of v = the input for GELU, SILU. */
@inline
function derive(f: i32, dy: v128, v: v128, alpha: v128): v128 {
  const one = splat(1);
  if (f == RELU) return v128.and(dy, f32x4.gt(v, splat(0)));
  if (f == LEAKY_RELU) return select(dy, f32x4.mul(dy, alpha), f32x4.gt(v, splat(0)));
  if (f == ELU) return select(dy, f32x4.mul(dy, f32x4.add(v, alpha)), f32x4.gt(v, splat(0)));
  if (f == TANH) return f32x4.mul(dy, f32x4.sub(one, f32x4.mul(v, v)));
  if (f == SIGMOID) return f32x4.mul(dy, f32x4.mul(v, f32x4.sub(one, v)));
  if (f == GELU) {
    const density = f32x4.mul(splat(0.39894228040143268), exp(f32x4.mul(splat(-0.5), f32x4.mul(v, v))));
    return f32x4.mul(dy, madd(v, density, normal(v)));
  }
  const s = sigmoid(v);
  return f32x4.mul(dy, f32x4.mul(s, madd(v, f32x4.sub(one, s), one)));
}

@inline
function mapGradient(f: i32, dy: usize, v: usize, dx: usize, n: i32, parameter: f32): void {
  const alpha = splat(parameter);
  const end = dy + (<usize>n << 2);
  const whole = dy + (<usize>(n & ~3) << 2);
  for (; dy < whole; dy += 16, v += 16, dx += 16) v128.store(dx, derive(f, v128.load(dy), v128.load(v), alpha));
  for (; dy < end; dy += 4, v += 4, dx += 4)
    v128.store32_lane(dx, derive(f, v128.load32_splat(dy), v128.load32_splat(v), alpha), 0);
}

export function reluGradient(dy: usize, y: usize, dx: usize, n: i32): void { mapGradient(RELU, dy, y, dx, n, 0); }
export function leakyReluGradient(dy: usize, y: usize, dx: usize, n: i32, alpha: f32): void { mapGradient(LEAKY_RELU, dy, y, dx, n, alpha); }
export function eluGradient(dy: usize, y: usize, dx: usize, n: i32, alpha: f32): void { mapGradient(ELU, dy, y, dx, n, alpha); }
export function tanhGradient(dy: usize, y: usize, dx: usize, n: i32): void { mapGradient(TANH, dy, y, dx, n, 0); }
export function sigmoidGradient(dy: usize, y: usize, dx: usize, n: i32): void { mapGradient(SIGMOID, dy, y, dx, n, 0); }
export function geluGradient(dy: usize, x: usize, dx: usize, n: i32): void { mapGradient(GELU, dy, x, dx, n, 0); }
export function siluGradient(dy: usize, x: usize, dx: usize, n: i32): void { mapGradient(SILU, dy, x, dx, n, 0); }
