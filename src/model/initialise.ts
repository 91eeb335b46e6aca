// The values that parameters begin with: a function of the seed and of the parameter's place in the
// model alone, never of who holds it, so that every cut of a model begins the same. The generator is a
// counter hash (murmur3's finaliser, as Dropout's): any element can be drawn alone.

import { elementCount } from '../graph/graph.ts';
import type { ParameterSpecification } from './layers/layer.ts';

/** Murmur3's finaliser: a bijection of 32-bit words that mixes well. */
function mix(word: number): number {
  let h = word | 0;
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  h ^= h >>> 16;
  return h;
}

/** A word for a parameter's name, so that two of one layer are drawn apart. */
const nameWord = (name: string): number =>
  Array.from(name).reduce((word, letter) => mix(word ^ (letter.codePointAt(0) ?? 0)), 0x811c9dc5);

/** The initial values of a parameter of layer `layer`, in row-major order. */
export function initialValues(
  seed: number,
  layer: number,
  { name, shape, initial }: ParameterSpecification,
): Float32Array {
  const values = new Float32Array(elementCount(shape));
  if (initial.kind === 'constant') return values.fill(initial.value);
  const stream = mix(mix(seed ^ mix(layer + 0x9e3779b9)) ^ nameWord(name));
  for (let element = 0; element < values.length; element++) {
    const word = mix(stream ^ mix(Math.imul(element, 0x9e3779b1))) >>> 0;
    // The middle of one of 2^32 equal parts of (-1, 1).
    values[element] = initial.bound * ((word + 0.5) / 2 ** 31 - 1);
  }
  return values;
}
