// The squared norms of a step's gradients, layer by layer, put together from those of the keys: what the
// global norm is made of.

import type { ShardedKey } from './keys.ts';

interface Measure {
  readonly key: number;
  readonly step: number;
  readonly squaredNorm: number | null;
}

export class StepNorms {
  readonly #keys: readonly ShardedKey[];
  readonly #layers: number;
  readonly #steps = new Map<number, Map<number, number | null>>();

  constructor(keys: readonly ShardedKey[], layers: number) {
    this.#keys = keys;
    this.#layers = layers;
  }

  /** By layer, when the step's last key has been measured; null for a layer that is not finite. */
  add({ key, step, squaredNorm }: Measure): readonly (number | null)[] | undefined {
    const norms = this.#steps.get(step) ?? new Map<number, number | null>();
    this.#steps.set(step, norms.set(key, squaredNorm));
    if (norms.size < this.#keys.length) return undefined;
    this.#steps.delete(step);
    const byLayer: (number | null)[] = Array.from({ length: this.#layers }, () => 0);
    // In the order of keys, so that the sum does not depend on who was first.
    for (const { key, layer } of this.#keys) {
      const [sum, norm] = [byLayer[layer]!, norms.get(key)!];
      byLayer[layer] = sum === null || norm === null ? null : sum + norm;
    }
    return byLayer;
  }
}
