// Random numbers by counter: word i of a stream is a hash of the stream's key and i, so any number
// can be drawn alone, in any order, with the same bits on every processor. The mixing is the
// finaliser of MurmurHash3 (Austin Appleby, public domain) over a Weyl sequence, as in SplitMix.

/** Spreads the bits of a uint32 over the whole word. */
export function mix(word: number): number {
  let h = word >>> 0;
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  h ^= h >>> 16;
  return h >>> 0;
}

/** One key of several: streams of different parts are unrelated. */
export function streamKey(...parts: readonly number[]): number {
  return parts.reduce((key, part) => mix(key ^ mix(part + 0x9e3779b9)), 0x2545f491);
}

/** Word `index` of a stream, uint32. */
export const wordAt = (key: number, index: number): number =>
  mix(key + Math.imul(index, 0x9e3779b9));

/** A stream read in order: numbers in [0, 1). */
export function uniformStream(key: number): () => number {
  let index = 0;
  return () => wordAt(key, index++) / 2 ** 32;
}

/**
 * What stands at `place` of an order of 0..count-1 drawn from `key`, without the rest of it: a Feistel
 * network over the next even power of two, walked until it lands below `count` (Black & Rogaway 2002).
 * `count` is at most 2^32.
 */
export function permuted(place: number, count: number, key: number): number {
  const half = Math.max(1, Math.ceil(Math.log2(count) / 2));
  const mask = 2 ** half - 1;
  let word = place;
  do {
    let left = (word >>> half) & mask;
    let right = word & mask;
    for (let round = 0; round < feistelRounds; round++)
      [left, right] = [right, left ^ (mix(right ^ wordAt(key, round)) & mask)];
    word = left * 2 ** half + right;
  } while (word >= count);
  return word;
}

const feistelRounds = 8;

/** The numbers 0..count-1 in an order drawn from `key`: Fisher and Yates's shuffle. */
export function permutation(count: number, key: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let last = count - 1; last > 0; last--) {
    const chosen = Math.floor((wordAt(key, last) * (last + 1)) / 2 ** 32);
    const kept = order[last] as number;
    order[last] = order[chosen] as number;
    order[chosen] = kept;
  }
  return order;
}
