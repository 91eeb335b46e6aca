// Functions of two tensors with ONNX's broadcasting. The caller collapses shapes to four axes; a stride
// of 0 repeats an operand along an axis. Row-major operands leave three kinds of innermost axis: both
// run along it, or one of them stands still.

const ADD: i32 = 0;
const SUB: i32 = 1;
const MUL: i32 = 2;
const DIV: i32 = 3;
const FIRST: i32 = 4;

@inline
function combine(f: i32, a: v128, b: v128): v128 {
  if (f == ADD) return f32x4.add(a, b);
  if (f == SUB) return f32x4.sub(a, b);
  if (f == MUL) return f32x4.mul(a, b);
  if (f == DIV) return f32x4.div(a, b);
  return a;
}

@inline
function inner(f: i32, a: usize, b: usize, y: usize, n: i32, aStep: i32, bStep: i32): void {
  const end = y + (<usize>n << 2);
  const whole = y + (<usize>(n & ~3) << 2);
  if (aStep && bStep) {
    for (; y < whole; a += 16, b += 16, y += 16) v128.store(y, combine(f, v128.load(a), v128.load(b)));
  } else if (aStep) {
    const fixed = v128.load32_splat(b);
    for (; y < whole; a += 16, y += 16) v128.store(y, combine(f, v128.load(a), fixed));
  } else {
    const fixed = v128.load32_splat(a);
    for (; y < whole; b += <usize>bStep << 4, y += 16)
      v128.store(y, combine(f, fixed, bStep ? v128.load(b) : v128.load32_splat(b)));
  }
  for (; y < end; a += <usize>aStep << 2, b += <usize>bStep << 2, y += 4)
    v128.store32_lane(y, combine(f, v128.load32_splat(a), v128.load32_splat(b)), 0);
}

/** Sizes n0..n3 from the outermost axis in; strides of a and b count elements; y is dense. */
@inline
function each(
  f: i32, a: usize, b: usize, y: usize, n0: i32, n1: i32, n2: i32, n3: i32,
  a0: i32, a1: i32, a2: i32, a3: i32, b0: i32, b1: i32, b2: i32, b3: i32,
): void {
  for (let i = 0; i < n0; i++) {
    for (let j = 0; j < n1; j++) {
      let p = a + (<usize>(i * a0 + j * a1) << 2);
      let q = b + (<usize>(i * b0 + j * b1) << 2);
      for (let k = 0; k < n2; k++) {
        inner(f, p, q, y, n3, a3, b3);
        p += <usize>a2 << 2;
        q += <usize>b2 << 2;
        y += <usize>n3 << 2;
      }
    }
  }
}

export function add(a: usize, b: usize, y: usize, n0: i32, n1: i32, n2: i32, n3: i32, a0: i32, a1: i32, a2: i32, a3: i32, b0: i32, b1: i32, b2: i32, b3: i32): void {
  each(ADD, a, b, y, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3);
}
export function sub(a: usize, b: usize, y: usize, n0: i32, n1: i32, n2: i32, n3: i32, a0: i32, a1: i32, a2: i32, a3: i32, b0: i32, b1: i32, b2: i32, b3: i32): void {
  each(SUB, a, b, y, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3);
}
export function mul(a: usize, b: usize, y: usize, n0: i32, n1: i32, n2: i32, n3: i32, a0: i32, a1: i32, a2: i32, a3: i32, b0: i32, b1: i32, b2: i32, b3: i32): void {
  each(MUL, a, b, y, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3);
}
export function div(a: usize, b: usize, y: usize, n0: i32, n1: i32, n2: i32, n3: i32, a0: i32, a1: i32, a2: i32, a3: i32, b0: i32, b1: i32, b2: i32, b3: i32): void {
  each(DIV, a, b, y, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3);
}
/** y = a, repeated along axes whose stride is 0 (b is ignored: pass a again). */
export function expand(a: usize, b: usize, y: usize, n0: i32, n1: i32, n2: i32, n3: i32, a0: i32, a1: i32, a2: i32, a3: i32, b0: i32, b1: i32, b2: i32, b3: i32): void {
  each(FIRST, a, b, y, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3);
}
