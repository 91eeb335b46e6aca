// Memory of frames that were read, for the next of about the same size: a ring in training receives
// the same few sizes again and again, and as garbage they would keep the collector busy.

/** Smaller frames are not worth keeping. */
const leastBytes = 1 << 14;
/** What a pool keeps at most. */
const mostBytes = 1 << 22;

export class FramePool {
  readonly #free: ArrayBuffer[] = [];
  #bytes = 0;

  /** Memory of `length` bytes, whatever they are; its buffer may be larger. */
  take(length: number): Uint8Array {
    // Not filled with zeros, and not part of a larger buffer.
    return this.takeKnown(length) ?? new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
  }

  /** The same out of what was given back; undefined where nothing fits. */
  takeKnown(length: number): Uint8Array | undefined {
    // The smallest that is large enough: a larger one may be wanted next.
    let best: ArrayBuffer | undefined;
    for (const each of this.#free) {
      const { byteLength } = each;
      if (length <= byteLength && byteLength <= Math.min(2 * length, best?.byteLength ?? Infinity))
        best = each;
    }
    if (!best) return undefined;
    this.#free.splice(this.#free.indexOf(best), 1);
    this.#bytes -= best.byteLength;
    return new Uint8Array(best, 0, length);
  }

  give({ buffer }: Uint8Array): void {
    if (buffer.byteLength < leastBytes || this.#bytes + buffer.byteLength > mostBytes) return;
    this.#free.push(buffer as ArrayBuffer);
    this.#bytes += buffer.byteLength;
  }
}
