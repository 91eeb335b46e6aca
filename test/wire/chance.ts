// Seeded chance, and what it does to bytes and to JSON: small damage to something valid goes deeper
// than noise.

/** Numbers in [0, 1) that follow from the seed (mulberry32). */
export type Chance = () => number;

export function seededChance(seed: number): Chance {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const below = (chance: Chance, limit: number): number => Math.floor(chance() * limit);

export const oneOf = <Value>(chance: Chance, values: readonly Value[]): Value =>
  values[below(chance, values.length)]!;

export function randomBytes(chance: Chance, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, () => below(chance, 256));
}

/** Bits turned over, bytes cut off, put in, doubled, or a number of four bytes in their place. */
export function damageBytes(chance: Chance, bytes: Uint8Array): Uint8Array {
  const at = below(chance, bytes.length + 1);
  switch (below(chance, 6)) {
    case 0:
      return bytes.slice(0, at);
    case 1:
      return new Uint8Array([
        ...bytes.subarray(0, at),
        ...randomBytes(chance, 1 + below(chance, 16)),
        ...bytes.subarray(at),
      ]);
    case 2:
      return new Uint8Array([...bytes.subarray(0, at), ...bytes]);
    case 3: {
      const damaged = bytes.slice();
      const extreme = oneOf(chance, [0, 1, 0x7fffffff, 0x80000000, 0xffffffff, bytes.length]);
      if (at + 4 <= damaged.length) new DataView(damaged.buffer).setUint32(at, extreme, true);
      return damaged;
    }
    default: {
      const damaged = bytes.slice();
      for (let flips = 1 + below(chance, 4); flips > 0 && damaged.length > 0; flips -= 1)
        damaged[below(chance, damaged.length)]! ^= 1 << below(chance, 8);
      return damaged;
    }
  }
}

const numbers = [0, -0, -1, 1, 0.5, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 60, 1e308, -1e308, 5e-324];
const texts = ['', 'x', '__proto__', 'constructor', 'master', 'worker-1', 'x'.repeat(5000)];
const others = [null, true, false, [], {}, [[]], Array(5000).fill(0), { length: 1e9 }, ['a', 'a']];
const awkward: readonly unknown[] = [...numbers, ...texts, ...others];

/** A copy in which one place, wherever it is, is something else. */
export function damageJson(chance: Chance, value: unknown): unknown {
  const isNested = typeof value === 'object' && value !== null;
  if (!isNested || chance() < 0.15) return damageValue(chance, value);
  if (Array.isArray(value)) {
    const copy: unknown[] = [...value];
    const at = below(chance, copy.length + 1);
    const how = chance();
    if (at === copy.length || how < 0.2) copy.splice(at, 0, copy[0] ?? damageValue(chance, 0));
    else if (how < 0.4) copy.splice(at, 1);
    else copy[at] = damageJson(chance, copy[at]);
    return copy;
  }
  const copy: Record<string, unknown> = { ...value };
  const keys = Object.keys(copy);
  const key = oneOf(chance, [...keys, ...keys, ...keys, ...keys, 'unheardOf', 'toString']);
  if (chance() < 0.1) delete copy[key];
  else copy[key] = damageJson(chance, copy[key]);
  return copy;
}

function damageValue(chance: Chance, value: unknown): unknown {
  if (typeof value === 'number' && chance() < 0.6)
    return value + oneOf(chance, [1, -1, 2, -2, 7, 100, 0.5]);
  return oneOf(chance, awkward);
}
