// Dropout by counter: whether an element is kept follows from seed, layer, step, the sample's place in
// the global batch and the element's place in the sample, through murmur3's finaliser. No generator
// has a state, so any node, at any time, in any order, draws the same.

@inline
function mix(h: u32): u32 {
  h ^= h >> 16;
  h *= 0x85ebca6b;
  h ^= h >> 13;
  h *= 0xc2b2ae35;
  return h ^ (h >> 16);
}

@inline
function mixLanes(h: v128): v128 {
  h = v128.xor(h, i32x4.shr_u(h, 16));
  h = i32x4.mul(h, i32x4.splat(0x85ebca6b));
  h = v128.xor(h, i32x4.shr_u(h, 13));
  h = i32x4.mul(h, i32x4.splat(0xc2b2ae35));
  return v128.xor(h, i32x4.shr_u(h, 16));
}

/** y = x / (1 - ratio) where kept, else 0; x [rows, width], counter = [step, position of row 0]. */
export function dropout(x: usize, counter: usize, y: usize, rows: i32, width: i32, seed: u32, layer: u32, threshold: u32, factor: f32): void {
  const ofLayer = mix(seed ^ mix(layer + 0x9e3779b9));
  const ofStep = mix(ofLayer ^ mix(<u32>i32.load(counter) + 0x7f4a7c15));
  const position = <u32>i32.load(counter, 4);
  const limit = i32x4.splat(threshold);
  const scale = f32x4.splat(factor);
  for (let i = 0; i < rows; i++) {
    const ofRow = mix(ofStep ^ mix(position + i + 0x165667b1));
    const rowLanes = i32x4.splat(ofRow);
    let places = i32x4(0, 1, 2, 3);
    let e = 0;
    for (; e <= width - 4; e += 4, x += 16, y += 16) {
      const words = mixLanes(v128.xor(rowLanes, i32x4.mul(places, i32x4.splat(0x9e3779b1))));
      v128.store(y, v128.and(i32x4.ge_u(words, limit), f32x4.mul(scale, v128.load(x))));
      places = i32x4.add(places, i32x4.splat(4));
    }
    for (; e < width; e++, x += 4, y += 4)
      f32.store(y, mix(ofRow ^ (<u32>e * 0x9e3779b1)) >= threshold ? f32.load(x) * factor : 0);
  }
}
