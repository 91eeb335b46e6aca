// Optimizer updates in one pass over the parameters, by PyTorch's formulas. `s` holds what changes from
// step to step: learning rate, a factor on the gradient (clipping, the mean over microbatches), and
// Adam's two bias corrections; they come from the master, so every node computes with the same bits.

import { madd, splat } from './math';

/** g = factor * G + weightDecay * W */
@inline
function gradientOf(g: v128, w: v128, factor: v128, weightDecay: v128, decays: bool): v128 {
  const scaled = f32x4.mul(factor, g);
  return decays ? madd(weightDecay, w, scaled) : scaled;
}

@inline
function sgdLanes(w: v128, g: v128, rate: v128, factor: v128, weightDecay: v128, decays: bool): v128 {
  return f32x4.sub(w, f32x4.mul(rate, gradientOf(g, w, factor, weightDecay, decays)));
}

export function sgd(w: usize, g: usize, s: usize, wNew: usize, n: i32, weightDecay: f32): void {
  const rate = v128.load32_splat(s);
  const factor = v128.load32_splat(s, 4);
  const decay = splat(weightDecay);
  const decays = weightDecay != 0;
  let i = 0;
  for (; i <= n - 4; i += 4, w += 16, g += 16, wNew += 16)
    v128.store(wNew, sgdLanes(v128.load(w), v128.load(g), rate, factor, decay, decays));
  for (; i < n; i++, w += 4, g += 4, wNew += 4)
    v128.store32_lane(wNew, sgdLanes(v128.load32_splat(w), v128.load32_splat(g), rate, factor, decay, decays), 0);
}

@inline
function velocityOf(v: v128, g: v128, momentum: v128): v128 {
  return madd(momentum, v, g);
}

export function sgdMomentum(w: usize, g: usize, v: usize, s: usize, wNew: usize, vNew: usize, n: i32, momentum: f32, nesterov: i32, weightDecay: f32): void {
  const rate = v128.load32_splat(s);
  const factor = v128.load32_splat(s, 4);
  const decay = splat(weightDecay);
  const decays = weightDecay != 0;
  const m = splat(momentum);
  let i = 0;
  for (; i <= n - 4; i += 4, w += 16, g += 16, v += 16, wNew += 16, vNew += 16) {
    const weights = v128.load(w);
    const gradient = gradientOf(v128.load(g), weights, factor, decay, decays);
    const velocity = velocityOf(v128.load(v), gradient, m);
    const step = nesterov ? velocityOf(velocity, gradient, m) : velocity;
    v128.store(vNew, velocity);
    v128.store(wNew, f32x4.sub(weights, f32x4.mul(rate, step)));
  }
  for (; i < n; i++, w += 4, g += 4, v += 4, wNew += 4, vNew += 4) {
    const weights = v128.load32_splat(w);
    const gradient = gradientOf(v128.load32_splat(g), weights, factor, decay, decays);
    const velocity = velocityOf(v128.load32_splat(v), gradient, m);
    const step = nesterov ? velocityOf(velocity, gradient, m) : velocity;
    v128.store32_lane(vNew, velocity, 0);
    v128.store32_lane(wNew, f32x4.sub(weights, f32x4.mul(rate, step)), 0);
  }
}

/** `decoupled`: AdamW, which shrinks the weights by rate * weightDecay instead of adding to the gradient. */
export function adam(
  w: usize, g: usize, m: usize, v: usize, s: usize, wNew: usize, mNew: usize, vNew: usize, n: i32,
  beta1: f32, rest1: f32, beta2: f32, rest2: f32, epsilon: f32, weightDecay: f32, decoupled: i32,
): void {
  const factor = v128.load32_splat(s, 4);
  const rate = f32.load(s);
  const stepSize = splat(rate / f32.load(s, 8));
  const root = f32x4.sqrt(v128.load32_splat(s, 12));
  const shrink = splat(decoupled ? 1 - rate * weightDecay : 1);
  const decay = splat(weightDecay);
  const decays = weightDecay != 0 && !decoupled;
  const b1 = splat(beta1);
  const r1 = splat(rest1);
  const b2 = splat(beta2);
  const r2 = splat(rest2);
  const small = splat(epsilon);
  for (let i = 0; i < n; i += 4, w += 16, g += 16, m += 16, v += 16, wNew += 16, mNew += 16, vNew += 16) {
    // A tail shorter than a vector goes one element a time, by the same arithmetic.
    const lanes = n - i >= 4 ? 1 : n - i;
    for (let lane = 0; lane < lanes; lane++) {
      const at = <usize>lane << 2;
      const whole = n - i >= 4;
      const weights = whole ? v128.load(w) : v128.load32_splat(w + at);
      const loaded = whole ? v128.load(g) : v128.load32_splat(g + at);
      const first = whole ? v128.load(m) : v128.load32_splat(m + at);
      const second = whole ? v128.load(v) : v128.load32_splat(v + at);
      const gradient = gradientOf(loaded, weights, factor, decay, decays);
      const m1 = madd(b1, first, f32x4.mul(r1, gradient));
      const v1 = madd(b2, second, f32x4.mul(r2, f32x4.mul(gradient, gradient)));
      const denominator = f32x4.add(f32x4.div(f32x4.sqrt(v1), root), small);
      const moved = f32x4.sub(f32x4.mul(weights, shrink), f32x4.div(f32x4.mul(stepSize, m1), denominator));
      if (whole) {
        v128.store(mNew, m1);
        v128.store(vNew, v1);
        v128.store(wNew, moved);
      } else {
        v128.store32_lane(mNew + at, m1, 0);
        v128.store32_lane(vNew + at, v1, 0);
        v128.store32_lane(wNew + at, moved, 0);
      }
    }
  }
}
