// How fast samples go through: of each step, and smoothed over the last few seconds.

/** Steps longer ago than this many seconds hardly count any more. */
const memorySeconds = 3;

export class Pace {
  readonly #now: () => number;
  #at: number;
  #samples = 0;
  #seconds = 0;

  /** `now` in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#at = now();
  }

  /** What comes next begins now: the time until here was spent on something else. */
  restart(): void {
    this.#at = this.#now();
  }

  /** So many samples have gone through since the last call; gives their samples a second. */
  passed(samples: number): number {
    const now = this.#now();
    const seconds = Math.max(now - this.#at, 0.001) / 1000;
    this.#at = now;
    const keep = Math.exp(-seconds / memorySeconds);
    this.#samples = this.#samples * keep + samples;
    this.#seconds = this.#seconds * keep + seconds;
    return samples / seconds;
  }

  get samplesPerSecond(): number {
    return this.#seconds > 0 ? this.#samples / this.#seconds : 0;
  }
}
