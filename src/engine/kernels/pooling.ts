// Pooling over windows of planes. Any window works through the general loops; the common one (2x2,
// stride 2, no padding) has loops of its own on four windows at a time.

@inline
function evens(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(a, b, 0, 2, 4, 6);
}

@inline
function odds(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(a, b, 1, 3, 5, 7);
}

/** x [planes,h,w] -> y [planes,oh,ow], the maximum of each window; padding counts as -Infinity. */
export function maxPool(x: usize, y: usize, planes: i32, h: i32, w: i32, oh: i32, ow: i32, kh: i32, kw: i32, strideY: i32, strideX: i32, top: i32, left: i32): void {
  for (; planes > 0; planes--, x += <usize>(h * w) << 2)
    for (let oy = 0; oy < oh; oy++)
      for (let ox = 0; ox < ow; ox++, y += 4) {
        let best: f32 = -Infinity;
        const y0 = oy * strideY - top;
        const x0 = ox * strideX - left;
        for (let r = max(0, y0); r < min(h, y0 + kh); r++)
          for (let c = max(0, x0); c < min(w, x0 + kw); c++) best = max(best, f32.load(x + (<usize>(r * w + c) << 2)));
        f32.store(y, best);
      }
}

/** dx = 0, then each dy added at the first maximum of its window, in the order of windows. */
export function maxPoolGradient(dy: usize, x: usize, y: usize, dx: usize, planes: i32, h: i32, w: i32, oh: i32, ow: i32, kh: i32, kw: i32, strideY: i32, strideX: i32, top: i32, left: i32): void {
  memory.fill(dx, 0, <usize>planes * <usize>(h * w) << 2);
  for (; planes > 0; planes--, x += <usize>(h * w) << 2, dx += <usize>(h * w) << 2)
    for (let oy = 0; oy < oh; oy++)
      for (let ox = 0; ox < ow; ox++, y += 4, dy += 4) {
        const best = f32.load(y);
        const y0 = oy * strideY - top;
        const x0 = ox * strideX - left;
        const endX = min(w, x0 + kw);
        let r = max(0, y0);
        let c = endX;
        for (; r < min(h, y0 + kh); r++) {
          for (c = max(0, x0); c < endX; c++) if (f32.load(x + (<usize>(r * w + c) << 2)) == best) break;
          if (c < endX) break;
        }
        if (c < endX) {
          const at = dx + (<usize>(r * w + c) << 2);
          f32.store(at, f32.load(at) + f32.load(dy));
        }
      }
}

/** maxPool of 2x2 windows, stride 2, no padding. */
export function maxPool2(x: usize, y: usize, planes: i32, h: i32, w: i32): void {
  const oh = h >> 1;
  const ow = w >> 1;
  const row = <usize>w << 2;
  for (; planes > 0; planes--, x += <usize>h * row) {
    for (let oy = 0; oy < oh; oy++) {
      let a = x + <usize>(2 * oy) * row;
      let b = a + row;
      let ox = 0;
      for (; ox <= ow - 4; ox += 4, a += 32, b += 32, y += 16) {
        const first = f32x4.max(v128.load(a), v128.load(b));
        const second = f32x4.max(v128.load(a, 16), v128.load(b, 16));
        v128.store(y, f32x4.max(evens(first, second), odds(first, second)));
      }
      for (; ox < ow; ox++, a += 8, b += 8, y += 4)
        f32.store(y, max(max(f32.load(a), f32.load(b)), max(f32.load(a, 4), f32.load(b, 4))));
    }
  }
}

export function maxPool2Gradient(dy: usize, x: usize, y: usize, dx: usize, planes: i32, h: i32, w: i32): void {
  const oh = h >> 1;
  const ow = w >> 1;
  const row = <usize>w << 2;
  if ((h | w) & 1) memory.fill(dx, 0, <usize>planes * <usize>h * row);
  for (; planes > 0; planes--, x += <usize>h * row, dx += <usize>h * row) {
    for (let oy = 0; oy < oh; oy++) {
      let a = x + <usize>(2 * oy) * row;
      let b = a + row;
      let da = dx + <usize>(2 * oy) * row;
      let db = da + row;
      let ox = 0;
      for (; ox <= ow - 4; ox += 4, a += 32, b += 32, da += 32, db += 32, y += 16, dy += 16) {
        const best = v128.load(y);
        const d = v128.load(dy);
        const a0 = v128.load(a);
        const a1 = v128.load(a, 16);
        const b0 = v128.load(b);
        const b1 = v128.load(b, 16);
        const is00 = f32x4.eq(evens(a0, a1), best);
        const is01 = v128.andnot(f32x4.eq(odds(a0, a1), best), is00);
        const upper = v128.or(is00, is01);
        const is10 = v128.andnot(f32x4.eq(evens(b0, b1), best), upper);
        const is11 = v128.andnot(v128.andnot(f32x4.eq(odds(b0, b1), best), upper), is10);
        const d00 = v128.and(d, is00);
        const d01 = v128.and(d, is01);
        const d10 = v128.and(d, is10);
        const d11 = v128.and(d, is11);
        v128.store(da, v128.shuffle<f32>(d00, d01, 0, 4, 1, 5));
        v128.store(da, v128.shuffle<f32>(d00, d01, 2, 6, 3, 7), 16);
        v128.store(db, v128.shuffle<f32>(d10, d11, 0, 4, 1, 5));
        v128.store(db, v128.shuffle<f32>(d10, d11, 2, 6, 3, 7), 16);
      }
      for (; ox < ow; ox++, a += 8, b += 8, da += 8, db += 8, y += 4, dy += 4) {
        const best = f32.load(y);
        const d = f32.load(dy);
        const is00 = f32.load(a) == best;
        const is01 = !is00 && f32.load(a, 4) == best;
        const is10 = !is00 && !is01 && f32.load(b) == best;
        const is11 = !is00 && !is01 && !is10 && f32.load(b, 4) == best;
        f32.store(da, is00 ? d : 0);
        f32.store(da, is01 ? d : 0, 4);
        f32.store(db, is10 ? d : 0);
        f32.store(db, is11 ? d : 0, 4);
      }
    }
  }
}

/** The mean of each window; padding counts as zeros that are averaged in. */
export function averagePool(x: usize, y: usize, planes: i32, h: i32, w: i32, oh: i32, ow: i32, kh: i32, kw: i32, strideY: i32, strideX: i32, top: i32, left: i32): void {
  const share: f32 = 1 / <f32>(kh * kw);
  for (; planes > 0; planes--, x += <usize>(h * w) << 2)
    for (let oy = 0; oy < oh; oy++)
      for (let ox = 0; ox < ow; ox++, y += 4) {
        let sum: f32 = 0;
        const y0 = oy * strideY - top;
        const x0 = ox * strideX - left;
        for (let r = max(0, y0); r < min(h, y0 + kh); r++)
          for (let c = max(0, x0); c < min(w, x0 + kw); c++) sum += f32.load(x + (<usize>(r * w + c) << 2));
        f32.store(y, sum * share);
      }
}

export function averagePoolGradient(dy: usize, dx: usize, planes: i32, h: i32, w: i32, oh: i32, ow: i32, kh: i32, kw: i32, strideY: i32, strideX: i32, top: i32, left: i32): void {
  const share: f32 = 1 / <f32>(kh * kw);
  memory.fill(dx, 0, <usize>planes * <usize>(h * w) << 2);
  for (; planes > 0; planes--, dx += <usize>(h * w) << 2)
    for (let oy = 0; oy < oh; oy++)
      for (let ox = 0; ox < ow; ox++, dy += 4) {
        const d = f32.load(dy) * share;
        const y0 = oy * strideY - top;
        const x0 = ox * strideX - left;
        for (let r = max(0, y0); r < min(h, y0 + kh); r++)
          for (let c = max(0, x0); c < min(w, x0 + kw); c++) {
            const at = dx + (<usize>(r * w + c) << 2);
            f32.store(at, f32.load(at) + d);
          }
      }
}
