// Bookkeeping of the engine's memory on the caller's side: a sorted list of free ranges, best fit,
// neighbours joined when freed. The memory grows when nothing fits and never shrinks.

import { RingError } from '../errors.ts';

const alignment = 64;
const pageBytes = 65536;
/** Growing a little at a time would be slow: at least 1 MiB. */
const leastGrowth = 1 << 20;

interface Range {
  start: number;
  end: number;
}

const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`;

export class Allocator {
  readonly #memory: WebAssembly.Memory;
  readonly #maximumBytes: number;
  /** Free ranges in the order of addresses, no two adjacent. */
  readonly #free: Range[];
  /** Sizes of what is allocated, by address. */
  readonly #sizes = new Map<number, number>();
  #end: number;
  #allocated = 0;

  /** Manages `memory` from byte `start` (a multiple of 64) to its end and up to `maximumBytes`. */
  constructor(memory: WebAssembly.Memory, start: number, maximumBytes: number) {
    this.#memory = memory;
    this.#maximumBytes = maximumBytes;
    this.#end = memory.buffer.byteLength;
    this.#free = [{ start, end: this.#end }];
  }

  get allocatedBytes(): number {
    return this.#allocated;
  }

  /** The address of `bytes` new bytes, 64-byte aligned. Errors: ENGINE when the memory is full. */
  allocate(bytes: number): number {
    const size = Math.max(alignment, Math.ceil(bytes / alignment) * alignment);
    const range = this.#bestFit(size) ?? this.#grow(size);
    const { start } = range;
    range.start += size;
    if (range.start === range.end) this.#free.splice(this.#free.indexOf(range), 1);
    this.#sizes.set(start, size);
    this.#allocated += size;
    return start;
  }

  /** Errors: ENGINE when nothing is allocated at `start`. */
  free(start: number): void {
    const size = this.#sizes.get(start);
    if (size === undefined)
      throw new RingError('ENGINE', `no tensor is allocated at ${start}: it was freed before`);
    this.#sizes.delete(start);
    this.#allocated -= size;
    this.#release({ start, end: start + size });
  }

  #bestFit(size: number): Range | undefined {
    let best: Range | undefined;
    for (const range of this.#free) {
      const room = range.end - range.start;
      if (room >= size && (!best || room < best.end - best.start)) best = range;
    }
    return best;
  }

  /** Grows the memory so that its last free range holds `size` bytes. */
  #grow(size: number): Range {
    const last = this.#free.at(-1);
    const room = last?.end === this.#end ? last.end - last.start : 0;
    const needed = Math.ceil((size - room) / pageBytes) * pageBytes;
    const growth = Math.min(Math.max(needed, leastGrowth), this.#maximumBytes - this.#end);
    try {
      if (growth < needed) throw new RangeError('beyond the maximum');
      this.#memory.grow(growth / pageBytes);
    } catch (error) {
      throw new RingError(
        'ENGINE',
        `the engine's memory is full: ${mebibytes(size)} more were asked for, ` +
          `${mebibytes(this.#allocated)} are in use of at most ${mebibytes(this.#maximumBytes)}; ` +
          `use more nodes or smaller microbatches`,
        { cause: error },
      );
    }
    const start = this.#end;
    this.#end += growth;
    this.#release({ start, end: this.#end });
    return this.#free[this.#free.length - 1] as Range;
  }

  #release(range: Range): void {
    const at = this.#free.findIndex(({ start }) => start >= range.end);
    const index = at === -1 ? this.#free.length : at;
    const next = this.#free[index];
    const previous = this.#free[index - 1];
    if (next?.start === range.end) {
      range.end = next.end;
      this.#free.splice(index, 1);
    }
    if (previous?.end === range.start) previous.end = range.end;
    else this.#free.splice(index, 0, range);
  }
}
