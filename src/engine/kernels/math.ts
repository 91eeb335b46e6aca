// Transcendental functions on four lanes: range reduction and polynomials after Moshier's Cephes
// (single precision). Only IEEE-exact instructions, so that every processor gives the same bits;
// relative errors stay near 1e-7 (2e-7 for tanh, 1e-6 for erfc's tail).

@inline
export function splat(x: f32): v128 {
  return f32x4.splat(x);
}

/** a * b + c, rounded twice. */
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  return f32x4.add(f32x4.mul(a, b), c);
}

@inline
export function select(yes: v128, no: v128, mask: v128): v128 {
  return v128.bitselect(yes, no, mask);
}

/** 2^n for integers -126 <= n <= 127. */
@inline
function powerOfTwo(n: v128): v128 {
  return i32x4.shl(i32x4.add(n, i32x4.splat(127)), 23);
}

/** e^x; 0 and Infinity beyond float32's range (subnormal results included), NaN stays NaN. */
@inline
export function exp(x: v128): v128 {
  // The clamp keeps 2^n in range; NaN passes through max and min.
  const bounded = f32x4.min(f32x4.max(x, splat(-104)), splat(89));
  const n = f32x4.nearest(f32x4.mul(bounded, splat(1.44269504088896341)));
  let r = f32x4.sub(bounded, f32x4.mul(n, splat(0.693359375)));
  r = f32x4.sub(r, f32x4.mul(n, splat(-2.12194440e-4)));
  let p = madd(splat(1.9875691500e-4), r, splat(1.3981999507e-3));
  p = madd(p, r, splat(8.3334519073e-3));
  p = madd(p, r, splat(4.1665795894e-2));
  p = madd(p, r, splat(1.6666665459e-1));
  p = madd(p, r, splat(5.0000001201e-1));
  p = f32x4.add(madd(p, f32x4.mul(r, r), r), splat(1));
  // 2^n in two factors: n may be as low as -150 or as high as 128.
  const whole = i32x4.trunc_sat_f32x4_s(n);
  const half = i32x4.shr_s(whole, 1);
  return f32x4.mul(f32x4.mul(p, powerOfTwo(half)), powerOfTwo(i32x4.sub(whole, half)));
}

/** Natural logarithm; -Infinity at 0, NaN below. */
@inline
export function log(x: v128): v128 {
  const subnormal = f32x4.lt(x, splat(1.17549435e-38));
  const scaled = select(f32x4.mul(x, splat(8388608)), x, subnormal);
  // scaled = m * 2^e with m in [sqrt(1/2), sqrt(2))
  const shifted = i32x4.sub(scaled, i32x4.splat(0x3f3504f3));
  let e = f32x4.convert_i32x4_s(i32x4.shr_s(shifted, 23));
  e = f32x4.sub(e, v128.and(splat(23), subnormal));
  const m = i32x4.add(v128.and(shifted, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3));
  const f = f32x4.sub(m, splat(1));
  const z = f32x4.mul(f, f);
  let p = madd(splat(7.0376836292e-2), f, splat(-1.1514610310e-1));
  p = madd(p, f, splat(1.1676998740e-1));
  p = madd(p, f, splat(-1.2420140846e-1));
  p = madd(p, f, splat(1.4249322787e-1));
  p = madd(p, f, splat(-1.6668057665e-1));
  p = madd(p, f, splat(2.0000714765e-1));
  p = madd(p, f, splat(-2.4999993993e-1));
  p = madd(p, f, splat(3.3333331174e-1));
  let y = f32x4.mul(f32x4.mul(p, f), z);
  y = f32x4.add(y, f32x4.mul(e, splat(-2.12194440e-4)));
  y = f32x4.sub(y, f32x4.mul(z, splat(0.5)));
  y = f32x4.add(f32x4.add(f, y), f32x4.mul(e, splat(0.693359375)));
  y = select(splat(-Infinity), y, f32x4.eq(x, splat(0)));
  y = select(splat(Infinity), y, f32x4.eq(x, splat(Infinity)));
  return select(splat(NaN), y, v128.or(f32x4.lt(x, splat(0)), f32x4.ne(x, x)));
}

/** log(1 + u) for u >= 0, without the loss of digits near 0 (Goldberg's quotient). */
@inline
export function log1p(u: v128): v128 {
  const w = f32x4.add(splat(1), u);
  const y = f32x4.div(f32x4.mul(log(w), u), f32x4.sub(w, splat(1)));
  return select(u, y, f32x4.eq(w, splat(1)));
}

@inline
export function sigmoid(x: v128): v128 {
  return f32x4.div(splat(1), f32x4.add(splat(1), exp(f32x4.neg(x))));
}

@inline
export function tanh(x: v128): v128 {
  const z = f32x4.mul(x, x);
  let p = madd(splat(-5.70498872745e-3), z, splat(2.06390887954e-2));
  p = madd(p, z, splat(-5.37397155531e-2));
  p = madd(p, z, splat(1.33314422036e-1));
  p = madd(p, z, splat(-3.33332819422e-1));
  const near = madd(f32x4.mul(p, z), x, x);
  const size = f32x4.abs(x);
  const far = f32x4.sub(splat(1), f32x4.div(splat(2), f32x4.add(exp(f32x4.add(size, size)), splat(1))));
  const signed = v128.or(far, v128.and(x, i32x4.splat(0x80000000)));
  return select(near, signed, f32x4.lt(size, splat(0.625)));
}

/** erfc(|x|) for |x| >= 1. */
@inline
function erfcTail(size: v128): v128 {
  const q = f32x4.div(splat(1), size);
  const y = f32x4.mul(q, q);
  let near = madd(splat(2.326819970068386e-2), y, splat(-1.387039388740657e-1));
  near = madd(near, y, splat(3.687424674597105e-1));
  near = madd(near, y, splat(-5.824733027278666e-1));
  near = madd(near, y, splat(6.210004621745983e-1));
  near = madd(near, y, splat(-4.944515323274145e-1));
  near = madd(near, y, splat(3.404879937665872e-1));
  near = madd(near, y, splat(-2.741127028184656e-1));
  near = madd(near, y, splat(5.638259427386472e-1));
  let far = madd(splat(-1.047766399936249e1), y, splat(1.297719955372516e1));
  far = madd(far, y, splat(-7.495518717768503));
  far = madd(far, y, splat(2.921019019210786));
  far = madd(far, y, splat(-1.015265279202700));
  far = madd(far, y, splat(4.218463358204948e-1));
  far = madd(far, y, splat(-2.820767439740514e-1));
  far = madd(far, y, splat(5.641895067754075e-1));
  const p = select(near, far, f32x4.lt(size, splat(2)));
  return f32x4.mul(f32x4.mul(exp(f32x4.neg(f32x4.mul(size, size))), q), p);
}

/** erfc(x) = 1 - erf(x), to full relative precision also where it is small. */
@inline
export function erfc(x: v128): v128 {
  const z = f32x4.mul(x, x);
  let p = madd(splat(7.853861353153693e-5), z, splat(-8.010193625184903e-4));
  p = madd(p, z, splat(5.188327685732524e-3));
  p = madd(p, z, splat(-2.685381193529856e-2));
  p = madd(p, z, splat(1.128358514861418e-1));
  p = madd(p, z, splat(-3.761262582423300e-1));
  p = madd(p, z, splat(1.128379165726710));
  const near = f32x4.sub(splat(1), f32x4.mul(x, p));
  const size = f32x4.abs(x);
  // Beyond 10 erfc underflows; the bound keeps Infinity out of the polynomials.
  const tail = erfcTail(f32x4.min(f32x4.max(size, splat(1)), splat(10.5)));
  const far = select(f32x4.sub(splat(2), tail), tail, f32x4.lt(x, splat(0)));
  return select(near, far, f32x4.lt(size, splat(1)));
}
