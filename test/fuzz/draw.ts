// Random choices from a seed: the same seed always draws the same.

import { streamKey, uniformStream } from '../../src/data/random.ts';

export class Draw {
  readonly #next: () => number;

  constructor(...key: readonly number[]) {
    this.#next = uniformStream(streamKey(...key));
  }

  chance(probability: number): boolean {
    return this.#next() < probability;
  }

  /** A number in [from, to). */
  between(from: number, to: number): number {
    return from + this.#next() * (to - from);
  }

  /** An integer in [from, to], both included. */
  integer(from: number, to: number): number {
    return Math.floor(this.between(from, to + 1));
  }

  one<Value>(values: readonly Value[]): Value {
    return values[this.integer(0, values.length - 1)]!;
  }

  /** `count` of the values, in their order. */
  some<Value>(values: readonly Value[], count: number): Value[] {
    const left = [...values.keys()];
    while (left.length > count) left.splice(this.integer(0, left.length - 1), 1);
    return left.map((index) => values[index]!);
  }
}
