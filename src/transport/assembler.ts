// Frames out of a byte stream. What arrives is copied once, into its frame, and the piece that it came
// in can be used again at once. A frame's memory grows with what has arrived: a peer that announces a
// large frame and sends little costs little.

import { FramePool } from './frame-pool.ts';

/** Each frame follows its length, 32 bits little-endian. */
export const lengthBytes = 4;

/** So much is given to a frame before any of it has arrived. */
const firstBytes = 1 << 20;

const nothing = new Uint8Array();

export class FrameAssembler {
  readonly #pool = new FramePool();
  readonly #prefix = new Uint8Array(lengthBytes);
  #prefixFilled = 0;
  /** The frame being put together, as far as there is memory for it, and how much of it is filled. */
  #frame: Uint8Array | undefined;
  #filled = 0;
  /** What has arrived behind it. */
  #rest: Uint8Array = nothing;

  get empty(): boolean {
    return this.#rest.length === 0 && this.#frame === undefined && this.#prefixFilled === 0;
  }

  /** The length that the next frame announces, once that has arrived. */
  get frameLength(): number | undefined {
    while (this.#prefixFilled < lengthBytes && this.#rest.length > 0)
      this.#prefixFilled += this.#fill(this.#prefix.subarray(this.#prefixFilled));
    if (this.#prefixFilled < lengthBytes) return undefined;
    return new DataView(this.#prefix.buffer).getUint32(0, true);
  }

  /** `chunk` is kept until `detach`. */
  push(chunk: Uint8Array): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
  }

  /** From here on the memory of the last chunk may be used again. */
  detach(): void {
    this.#rest = this.#rest.length === 0 ? nothing : this.#rest.slice();
  }

  clear(): void {
    this.#prefixFilled = 0;
    this.#frame = undefined;
    this.#rest = nothing;
  }

  /** The next frame, of the `length` it announces, in memory of its own; undefined while it is incomplete. */
  take(length: number): Uint8Array | undefined {
    if (!this.#frame) {
      this.#frame = this.#pool.takeKnown(length) ?? this.#pool.take(Math.min(length, firstBytes));
      this.#filled = 0;
    }
    while (this.#filled < length && this.#rest.length > 0) {
      if (this.#filled === this.#frame.length) this.#grow(length);
      this.#filled += this.#fill(this.#frame.subarray(this.#filled));
    }
    if (this.#filled < length) return undefined;
    const frame = this.#frame;
    this.#frame = undefined;
    this.#prefixFilled = 0;
    return frame;
  }

  /** Takes back the memory of a frame that nobody reads any more. */
  release(frame: Uint8Array): void {
    this.#pool.give(frame);
  }

  #grow(length: number): void {
    const larger = this.#pool.take(Math.min(length, 2 * this.#filled));
    larger.set(this.#frame!);
    this.#pool.give(this.#frame!);
    this.#frame = larger;
  }

  /** Moves what has arrived into `target`, as far as either reaches. */
  #fill(target: Uint8Array): number {
    const part = this.#rest.subarray(0, target.length);
    target.set(part);
    this.#rest = this.#rest.subarray(part.length);
    return part.length;
  }
}
