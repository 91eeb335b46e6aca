// Moving elements without computing: copies of blocks, transposes, rows by index.

export function copy(from: usize, to: usize, bytes: u32): void {
  if (from != to) memory.copy(to, from, bytes);
}

export function fillZero(to: usize, bytes: u32): void {
  memory.fill(to, 0, bytes);
}

/** `count` blocks of `bytes` bytes, each `fromStep` and `toStep` bytes after the one before: slices and concatenations. */
export function copyBlocks(from: usize, to: usize, count: i32, bytes: i32, fromStep: i32, toStep: i32): void {
  for (let i = 0; i < count; i++) {
    memory.copy(to, from, bytes);
    from += fromStep;
    to += toStep;
  }
}

/** y, dense over n0..n3, takes x at the strides given (in elements): any permutation of four axes. */
export function permute(x: usize, y: usize, n0: i32, n1: i32, n2: i32, n3: i32, s0: i32, s1: i32, s2: i32, s3: i32): void {
  const step = <usize>s3 << 2;
  for (let i = 0; i < n0; i++)
    for (let j = 0; j < n1; j++)
      for (let k = 0; k < n2; k++) {
        let from = x + (<usize>(i * s0 + j * s1 + k * s2) << 2);
        if (s3 == 1) {
          memory.copy(y, from, <usize>n3 << 2);
          y += <usize>n3 << 2;
        } else {
          for (let l = 0; l < n3; l++, y += 4, from += step) i32.store(y, i32.load(from));
        }
      }
}

/** y [outer, n, m] = x [outer, m, n] with the last two axes swapped, in 4x4 blocks. */
export function transpose(x: usize, y: usize, outer: i32, m: i32, n: i32): void {
  const xRow = <usize>n << 2;
  const yRow = <usize>m << 2;
  for (let o = 0; o < outer; o++) {
    let i = 0;
    for (; i <= m - 4; i += 4) {
      let from = x + <usize>i * xRow;
      let to = y + (<usize>i << 2);
      let j = 0;
      for (; j <= n - 4; j += 4, from += 16, to += 4 * yRow) {
        const r0 = v128.load(from);
        const r1 = v128.load(from + xRow);
        const r2 = v128.load(from + 2 * xRow);
        const r3 = v128.load(from + 3 * xRow);
        const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
        const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
        const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
        const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
        v128.store(to, v128.shuffle<i64>(low01, low23, 0, 2));
        v128.store(to + yRow, v128.shuffle<i64>(low01, low23, 1, 3));
        v128.store(to + 2 * yRow, v128.shuffle<i64>(high01, high23, 0, 2));
        v128.store(to + 3 * yRow, v128.shuffle<i64>(high01, high23, 1, 3));
      }
      for (; j < n; j++, from += 4, to += yRow)
        for (let u = 0; u < 4; u++) i32.store(to + (<usize>u << 2), i32.load(from + <usize>u * xRow));
    }
    for (; i < m; i++)
      for (let j = 0; j < n; j++)
        i32.store(y + <usize>j * yRow + (<usize>i << 2), i32.load(x + <usize>i * xRow + (<usize>j << 2)));
    x += <usize>m * xRow;
    y += <usize>n * yRow;
  }
}

/** y[i] = table[index[i]], rows of `width` elements; an index outside the table gives a row of NaN. */
export function gather(table: usize, index: usize, y: usize, count: i32, width: i32, rows: i32): void {
  const bytes = <usize>width << 2;
  for (let i = 0; i < count; i++, y += bytes) {
    const row = i32.load(index + (<usize>i << 2));
    if (<u32>row < <u32>rows) memory.copy(y, table + <usize>row * bytes, bytes);
    else memory.fill(y, 0xff, bytes);
  }
}

/** dTable = 0, then dTable[index[i]] += dy[i] in the order of i. */
export function gatherGradient(dy: usize, index: usize, dTable: usize, count: i32, width: i32, rows: i32): void {
  const bytes = <usize>width << 2;
  memory.fill(dTable, 0, <usize>rows * bytes);
  for (let i = 0; i < count; i++, dy += bytes) {
    const row = i32.load(index + (<usize>i << 2));
    if (<u32>row >= <u32>rows) continue;
    const to = dTable + <usize>row * bytes;
    let j: usize = 0;
    for (; j + 16 <= bytes; j += 16) v128.store(to + j, f32x4.add(v128.load(to + j), v128.load(dy + j)));
    for (; j < bytes; j += 4) f32.store(to + j, f32.load(to + j) + f32.load(dy + j));
  }
}
