// Sums over axes, and what is built on them along rows: softmax and cross-entropy. The order of every
// sum is fixed by the shape alone.

import { exp, log, splat } from './math';

@inline
function lanesSum(v: v128): f32 {
  return (f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 2)) + (f32x4.extract_lane(v, 1) + f32x4.extract_lane(v, 3));
}

@inline
function lanesMax(v: v128): f32 {
  return max(max(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 2)), max(f32x4.extract_lane(v, 1), f32x4.extract_lane(v, 3)));
}

/** The sum of n elements in four vectors of partial sums. */
function sumOf(x: usize, n: i32): f32 {
  let s0 = splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let i = 0;
  for (; i <= n - 16; i += 16, x += 64) {
    s0 = f32x4.add(s0, v128.load(x));
    s1 = f32x4.add(s1, v128.load(x, 16));
    s2 = f32x4.add(s2, v128.load(x, 32));
    s3 = f32x4.add(s3, v128.load(x, 48));
  }
  for (; i <= n - 4; i += 4, x += 16) s0 = f32x4.add(s0, v128.load(x));
  let sum = lanesSum(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
  for (; i < n; i++, x += 4) sum += f32.load(x);
  return sum;
}

/** y [outer] = factor * sum over the last axis of x [outer, n]. */
export function sumRows(x: usize, y: usize, outer: i32, n: i32, factor: f32): void {
  for (let i = 0; i < outer; i++, x += <usize>n << 2, y += 4) f32.store(y, sumOf(x, n) * factor);
}

/** y [outer, inner] = factor * sum over the middle axis of x [outer, n, inner]. */
export function sumColumns(x: usize, y: usize, outer: i32, n: i32, inner: i32, factor: f32): void {
  const row = <usize>inner << 2;
  for (let o = 0; o < outer; o++) {
    let j = 0;
    for (; j <= inner - 16; j += 16) {
      let at = x + (<usize>j << 2);
      let s0 = v128.load(at);
      let s1 = v128.load(at, 16);
      let s2 = v128.load(at, 32);
      let s3 = v128.load(at, 48);
      for (let i = 1; i < n; i++) {
        at += row;
        s0 = f32x4.add(s0, v128.load(at));
        s1 = f32x4.add(s1, v128.load(at, 16));
        s2 = f32x4.add(s2, v128.load(at, 32));
        s3 = f32x4.add(s3, v128.load(at, 48));
      }
      const f = splat(factor);
      const to = y + (<usize>j << 2);
      v128.store(to, f32x4.mul(s0, f));
      v128.store(to, f32x4.mul(s1, f), 16);
      v128.store(to, f32x4.mul(s2, f), 32);
      v128.store(to, f32x4.mul(s3, f), 48);
    }
    for (; j < inner; j++) {
      let at = x + (<usize>j << 2);
      let s = f32.load(at);
      for (let i = 1; i < n; i++) {
        at += row;
        s += f32.load(at);
      }
      f32.store(y + (<usize>j << 2), s * factor);
    }
    x += <usize>n * row;
    y += row;
  }
}

/** Numbers whose squares are summed in float32 before the sum goes on in float64. */
const squaresBlock: i32 = 256;

/** y [] = the sum of squares: float32 within blocks, in sums that run side by side, float64 across. */
export function sumOfSquares(x: usize, y: usize, n: i32): void {
  let sum: f64 = 0;
  let i = 0;
  while (i <= n - 16) {
    const end = min(i + squaresBlock, n);
    let a = splat(0);
    let b = a;
    let c = a;
    let d = a;
    for (; i <= end - 16; i += 16, x += 64) {
      a = squared(a, v128.load(x));
      b = squared(b, v128.load(x, 16));
      c = squared(c, v128.load(x, 32));
      d = squared(d, v128.load(x, 48));
    }
    const s = f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
    const low = f64x2.promote_low_f32x4(s);
    const high = f64x2.promote_low_f32x4(v128.shuffle<i64>(s, s, 1, 1));
    const pairs = f64x2.add(low, high);
    sum += f64x2.extract_lane(pairs, 0) + f64x2.extract_lane(pairs, 1);
  }
  for (; i < n; i++, x += 4) sum += <f64>f32.load(x) * <f64>f32.load(x);
  f32.store(y, <f32>sum);
}

@inline
function squared(sum: v128, v: v128): v128 {
  return f32x4.add(sum, f32x4.mul(v, v));
}

function maximumOf(x: usize, n: i32): f32 {
  let best = splat(-Infinity);
  let i = 0;
  for (; i <= n - 4; i += 4, x += 16) best = f32x4.max(best, v128.load(x));
  let m = lanesMax(best);
  for (; i < n; i++, x += 4) m = max(m, f32.load(x));
  return m;
}

/** y = exp(x - shift) over a row (when `store`), and the sum. */
@inline
function exponentials(x: usize, y: usize, n: i32, shift: f32, store: bool): f32 {
  const m = splat(shift);
  let sums = splat(0);
  let i = 0;
  for (; i <= n - 4; i += 4, x += 16, y += 16) {
    const e = exp(f32x4.sub(v128.load(x), m));
    if (store) v128.store(y, e);
    sums = f32x4.add(sums, e);
  }
  let sum = lanesSum(sums);
  for (; i < n; i++, x += 4, y += 4) {
    const e = f32x4.extract_lane(exp(f32x4.sub(v128.load32_splat(x), m)), 0);
    if (store) f32.store(y, e);
    sum += e;
  }
  return sum;
}

@inline
function multiplyRow(y: usize, n: i32, factor: f32): void {
  const f = splat(factor);
  let i = 0;
  for (; i <= n - 4; i += 4, y += 16) v128.store(y, f32x4.mul(v128.load(y), f));
  for (; i < n; i++, y += 4) f32.store(y, f32.load(y) * factor);
}

/** y = softmax of each row of x [rows, n]; y may be x. */
export function softmax(x: usize, y: usize, rows: i32, n: i32): void {
  for (let r = 0; r < rows; r++, x += <usize>n << 2, y += <usize>n << 2) {
    const sum = exponentials(x, y, n, maximumOf(x, n), true);
    multiplyRow(y, n, 1 / sum);
  }
}

/** dx = y * (dy - sum(dy * y)) by rows; dx may be dy. */
export function softmaxGradient(dy: usize, y: usize, dx: usize, rows: i32, n: i32): void {
  for (let r = 0; r < rows; r++) {
    let products = splat(0);
    let i = 0;
    for (; i <= n - 4; i += 4)
      products = f32x4.add(products, f32x4.mul(v128.load(dy + (<usize>i << 2)), v128.load(y + (<usize>i << 2))));
    let dot = lanesSum(products);
    for (; i < n; i++) dot += f32.load(dy + (<usize>i << 2)) * f32.load(y + (<usize>i << 2));
    const d = splat(dot);
    for (i = 0; i <= n - 4; i += 4) {
      const at = <usize>i << 2;
      v128.store(dx + at, f32x4.mul(v128.load(y + at), f32x4.sub(v128.load(dy + at), d)));
    }
    for (; i < n; i++) {
      const at = <usize>i << 2;
      f32.store(dx + at, f32.load(y + at) * (f32.load(dy + at) - dot));
    }
    const row = <usize>n << 2;
    dy += row;
    y += row;
    dx += row;
  }
}

/** loss[r] = log(sum exp(x - m)) - (x[t] - m); a target outside the classes gives NaN. */
export function softmaxCrossEntropy(x: usize, targets: usize, loss: usize, rows: i32, n: i32): void {
  for (let r = 0; r < rows; r++, x += <usize>n << 2, targets += 4, loss += 4) {
    const target = i32.load(targets);
    const m = maximumOf(x, n);
    const logSum = f32x4.extract_lane(log(splat(exponentials(x, 0, n, m, false))), 0);
    f32.store(loss, <u32>target < <u32>n ? logSum - (f32.load(x + (<usize>target << 2)) - m) : NaN);
  }
}

/** dx[r] = (softmax(x[r]) - onehot(t[r])) * dLoss[r]; dx may be x. */
export function softmaxCrossEntropyGradient(dLoss: usize, x: usize, targets: usize, dx: usize, rows: i32, n: i32): void {
  for (let r = 0; r < rows; r++, x += <usize>n << 2, dx += <usize>n << 2, targets += 4, dLoss += 4) {
    const target = i32.load(targets);
    const d = f32.load(dLoss);
    const sum = exponentials(x, dx, n, maximumOf(x, n), true);
    multiplyRow(dx, n, 1 / sum);
    if (<u32>target < <u32>n) {
      const at = dx + (<usize>target << 2);
      f32.store(at, f32.load(at) - 1);
    }
    multiplyRow(dx, n, d);
  }
}

/** y[r] = the place of the first maximum of row r. */
export function argMax(x: usize, y: usize, rows: i32, n: i32): void {
  for (let r = 0; r < rows; r++, y += 4) {
    let best = f32.load(x);
    let place = 0;
    x += 4;
    for (let i = 1; i < n; i++, x += 4) {
      const v = f32.load(x);
      if (v > best) {
        best = v;
        place = i;
      }
    }
    i32.store(y, place);
  }
}
