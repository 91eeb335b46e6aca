// Single-precision matrix product C = alpha * A' * B' + beta * C on packed panels, after Goto and van
// de Geijn, "Anatomy of high-performance matrix multiplication" (2008): blocks of A and B are copied
// into panels that the 6x8 micro-kernel reads front to back; transposes cost nothing but another way
// to pack. 6x8 fills the sixteen 128-bit registers of x86-64 (twelve sums, two of B, one of A).
//
// Every element of C is summed over k in order, in blocks of KC, whatever its place in C: splitting
// C over threads changes no bit.

const MR: i32 = 6;
const NR: i32 = 8;
const MC: i32 = 120;
const KC: i32 = 256;
const NC: i32 = 512;

/** Bytes of workspace that `gemm` needs: a block of A, a block of B and one tile. */
const A_BYTES: i32 = MC * KC * 4;
const B_BYTES: i32 = NC * KC * 4;

export function gemmWorkspaceBytes(): i32 {
  return A_BYTES + B_BYTES + MR * NR * 4;
}

/** Transposes four vectors of four and stores them `stride` bytes apart. */
@inline
function storeTransposed(to: usize, stride: usize, r0: v128, r1: v128, r2: v128, r3: v128): void {
  const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
  const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<i64>(low01, low23, 0, 2));
  v128.store(to + stride, v128.shuffle<i64>(low01, low23, 1, 3));
  v128.store(to + 2 * stride, v128.shuffle<i64>(high01, high23, 0, 2));
  v128.store(to + 3 * stride, v128.shuffle<i64>(high01, high23, 1, 3));
}

/** Packs a panel narrower than its width, with zeros beyond `count`. Strides in bytes. */
function packEdge(from: usize, across: usize, along: usize, count: i32, k: i32, to: usize, width: i32): void {
  for (let p = 0; p < k; p++) {
    let at = from;
    for (let i = 0; i < width; i++) {
      f32.store(to, i < count ? f32.load(at) : 0);
      at += across;
      to += 4;
    }
    from += along;
  }
}

/** Packs `count` rows or columns, `across` bytes apart, whose k elements are `along` bytes apart, in panels of 6. */
function packA(from: usize, across: usize, along: usize, count: i32, k: i32, to: usize): void {
  for (let i = 0; i < count; i += MR) {
    const panel = from + <usize>i * across;
    if (count - i < MR) {
      packEdge(panel, across, along, count - i, k, to, MR);
    } else if (across == 4) {
      let at = panel;
      let into = to;
      for (let p = 0; p < k; p++) {
        v128.store(into, v128.load(at));
        i64.store(into, i64.load(at, 16), 16);
        at += along;
        into += MR * 4;
      }
    } else {
      const r0 = panel;
      const r1 = r0 + across;
      const r2 = r1 + across;
      const r3 = r2 + across;
      const r4 = r3 + across;
      const r5 = r4 + across;
      let into = to;
      let p = 0;
      let x: usize = 0;
      for (; p <= k - 4; p += 4) {
        storeTransposed(into, MR * 4, v128.load(r0 + x), v128.load(r1 + x), v128.load(r2 + x), v128.load(r3 + x));
        const a = v128.load(r4 + x);
        const b = v128.load(r5 + x);
        const low = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
        const high = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
        v128.store64_lane(into, low, 0, 16);
        v128.store64_lane(into, low, 1, 16 + 24);
        v128.store64_lane(into, high, 0, 16 + 48);
        v128.store64_lane(into, high, 1, 16 + 72);
        into += MR * 16;
        x += 16;
      }
      packEdge(panel + x, across, along, MR, k - p, into, MR);
    }
    to += <usize>(MR * 4 * k);
  }
}

/** The same in panels of 8. */
function packB(from: usize, across: usize, along: usize, count: i32, k: i32, to: usize): void {
  for (let j = 0; j < count; j += NR) {
    const panel = from + <usize>j * across;
    if (count - j < NR) {
      packEdge(panel, across, along, count - j, k, to, NR);
    } else if (across == 4) {
      // Two panels at once: a row of both is one cache line, and rows may lie too far apart for it to
      // be there still when the second panel comes.
      const pair = count - j >= 2 * NR;
      const second = to + (pair ? <usize>(NR * 4 * k) : 0);
      let at = panel;
      let into: usize = 0;
      for (let p = 0; p < k; p++) {
        const a = v128.load(at);
        const b = v128.load(at, 16);
        if (pair) {
          v128.store(second + into, v128.load(at, 32));
          v128.store(second + into, v128.load(at, 48), 16);
        }
        v128.store(to + into, a);
        v128.store(to + into, b, 16);
        at += along;
        into += NR * 4;
      }
      if (pair) {
        j += NR;
        to = second;
      }
    } else {
      const a3 = across + 2 * across;
      const second = panel + 4 * across;
      let into = to;
      let p = 0;
      let x: usize = 0;
      for (; p <= k - 4; p += 4) {
        const r = panel + x;
        storeTransposed(into, NR * 4, v128.load(r), v128.load(r + across), v128.load(r + 2 * across), v128.load(r + a3));
        const s = second + x;
        storeTransposed(into + 16, NR * 4, v128.load(s), v128.load(s + across), v128.load(s + 2 * across), v128.load(s + a3));
        into += NR * 16;
        x += 16;
      }
      packEdge(panel + x, across, along, NR, k - p, into, NR);
    }
    to += <usize>(NR * 4 * k);
  }
}

/**
 * The 6x8 sums of one panel of A and one of B, into `sums`. Nothing but the sums is alive across the
 * loop, so that the compiler keeps all of them in registers. Exported only to remain a function of its
 * own: built into the loops around it, it would lose registers to them (a quarter of the speed).
 */
export function gemmTile(k: i32, a: usize, b: usize, sums: usize): void {
  let c00 = f32x4.splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  let c40 = c00;
  let c41 = c00;
  let c50 = c00;
  let c51 = c00;
  for (; k > 0; k--) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const a0 = v128.load32_splat(a);
    c00 = f32x4.add(c00, f32x4.mul(a0, b0));
    c01 = f32x4.add(c01, f32x4.mul(a0, b1));
    const a1 = v128.load32_splat(a, 4);
    c10 = f32x4.add(c10, f32x4.mul(a1, b0));
    c11 = f32x4.add(c11, f32x4.mul(a1, b1));
    const a2 = v128.load32_splat(a, 8);
    c20 = f32x4.add(c20, f32x4.mul(a2, b0));
    c21 = f32x4.add(c21, f32x4.mul(a2, b1));
    const a3 = v128.load32_splat(a, 12);
    c30 = f32x4.add(c30, f32x4.mul(a3, b0));
    c31 = f32x4.add(c31, f32x4.mul(a3, b1));
    const a4 = v128.load32_splat(a, 16);
    c40 = f32x4.add(c40, f32x4.mul(a4, b0));
    c41 = f32x4.add(c41, f32x4.mul(a4, b1));
    const a5 = v128.load32_splat(a, 20);
    c50 = f32x4.add(c50, f32x4.mul(a5, b0));
    c51 = f32x4.add(c51, f32x4.mul(a5, b1));
    a += MR * 4;
    b += NR * 4;
  }
  v128.store(sums, c00);
  v128.store(sums, c01, 16);
  v128.store(sums, c10, 32);
  v128.store(sums, c11, 48);
  v128.store(sums, c20, 64);
  v128.store(sums, c21, 80);
  v128.store(sums, c30, 96);
  v128.store(sums, c31, 112);
  v128.store(sums, c40, 128);
  v128.store(sums, c41, 144);
  v128.store(sums, c50, 160);
  v128.store(sums, c51, 176);
}

/** Two rows of a tile, for what is left of 8, 32 or 128 rows after tiles of 6. */
export function gemmPair(k: i32, a: usize, b: usize, sums: usize): void {
  let c00 = f32x4.splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  for (; k > 0; k--) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const a0 = v128.load32_splat(a);
    c00 = f32x4.add(c00, f32x4.mul(a0, b0));
    c01 = f32x4.add(c01, f32x4.mul(a0, b1));
    const a1 = v128.load32_splat(a, 4);
    c10 = f32x4.add(c10, f32x4.mul(a1, b0));
    c11 = f32x4.add(c11, f32x4.mul(a1, b1));
    a += MR * 4;
    b += NR * 4;
  }
  v128.store(sums, c00);
  v128.store(sums, c01, 16);
  v128.store(sums, c10, 32);
  v128.store(sums, c11, 48);
}

/** c = alpha * sums + beta * c on a whole tile; c is not read when beta is 0. */
function updateTile(sums: usize, alpha: f32, beta: f32, c: usize, ldc: usize): void {
  const scale = f32x4.splat(alpha);
  if (beta == 0) {
    for (let i = 0; i < MR; i++, sums += NR * 4, c += ldc) {
      v128.store(c, f32x4.mul(scale, v128.load(sums)));
      v128.store(c, f32x4.mul(scale, v128.load(sums, 16)), 16);
    }
    return;
  }
  const keep = f32x4.splat(beta);
  for (let i = 0; i < MR; i++, sums += NR * 4, c += ldc) {
    v128.store(c, f32x4.add(f32x4.mul(scale, v128.load(sums)), f32x4.mul(keep, v128.load(c))));
    v128.store(c, f32x4.add(f32x4.mul(scale, v128.load(sums, 16)), f32x4.mul(keep, v128.load(c, 16))), 16);
  }
}

/** The same on the part of a tile that C has room for. */
function updateEdge(sums: usize, alpha: f32, beta: f32, c: usize, ldc: usize, rows: i32, columns: i32): void {
  for (let i = 0; i < rows; i++, sums += NR * 4, c += ldc)
    for (let j = 0; j < columns; j++) {
      const at = c + <usize>(j << 2);
      const value = alpha * f32.load(sums + <usize>(j << 2));
      f32.store(at, beta == 0 ? value : value + beta * f32.load(at));
    }
}

/**
 * C [m,n] = alpha * A' [m,k] * B' [k,n] + beta * C, row-major; A' is A, or its transpose when
 * transA is 1 (then A is [k,m]). Leading dimensions count elements. C is not read when beta is 0.
 */
export function gemm(
  transA: i32, transB: i32, m: i32, n: i32, k: i32, alpha: f32, a: usize, lda: i32,
  b: usize, ldb: i32, beta: f32, c: usize, ldc: i32, workspace: usize,
): void {
  const packedB = workspace + A_BYTES;
  const sums = packedB + B_BYTES;
  const aAcross: usize = transA ? 4 : <usize>lda << 2;
  const aAlong: usize = transA ? <usize>lda << 2 : 4;
  const bAcross: usize = transB ? <usize>ldb << 2 : 4;
  const bAlong: usize = transB ? 4 : <usize>ldb << 2;
  const cRow = <usize>ldc << 2;
  for (let jc = 0; jc < n; jc += NC) {
    const nc = min(NC, n - jc);
    for (let pc = 0; pc < k; pc += KC) {
      const kc = min(KC, k - pc);
      const keep: f32 = pc == 0 ? beta : 1;
      packB(b + <usize>jc * bAcross + <usize>pc * bAlong, bAcross, bAlong, nc, kc, packedB);
      for (let ic = 0; ic < m; ic += MC) {
        const mc = min(MC, m - ic);
        packA(a + <usize>ic * aAcross + <usize>pc * aAlong, aAcross, aAlong, mc, kc, workspace);
        for (let j = 0; j < nc; j += NR) {
          const bPanel = packedB + <usize>((j * kc) << 2);
          const columns = min(NR, nc - j);
          for (let i = 0; i < mc; i += MR) {
            const aPanel = workspace + <usize>((i * kc) << 2);
            const at = c + <usize>(ic + i) * cRow + <usize>((jc + j) << 2);
            const rows = min(MR, mc - i);
            if (rows > 2) gemmTile(kc, aPanel, bPanel, sums);
            else gemmPair(kc, aPanel, bPanel, sums);
            if (rows == MR && columns == NR) updateTile(sums, alpha, keep, at, cRow);
            else updateEdge(sums, alpha, keep, at, cRow, rows, columns);
          }
        }
      }
    }
  }
}
