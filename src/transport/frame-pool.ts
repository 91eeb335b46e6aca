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
    const at = this.#free.findIndex(
      ({ byteLength }) => length <= byteLength && byteLength <= 2 * length,
    );
    const [known] = at < 0 ? [] : this.#free.splice(at, 1);
    if (!known) return undefined;
    this.#bytes -= known.byteLength;
    return new Uint8Array(known, 0, length);
  }

  give({ buffer }: Uint8Array): void {
    if (buffer.byteLength < leastBytes || this.#bytes + buffer.byteLength > mostBytes) return;
    this.#free.push(buffer as ArrayBuffer);
    this.#bytes += buffer.byteLength;
  }
}
