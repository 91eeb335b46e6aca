// Frames out of a byte stream. Chunks are kept as they arrive and copied once, into the frame, when
// all of it is there: a peer that announces a large frame and sends little costs little.

/** Each frame follows its length, 32 bits little-endian. */
export const lengthBytes = 4;

export class FrameAssembler {
  #chunks: Uint8Array[] = [];
  /** Bytes of the first chunk that were taken already. */
  #taken = 0;
  #bytes = 0;

  get empty(): boolean {
    return this.#bytes === 0;
  }

  /** The length that the next frame announces, once that has arrived. */
  get frameLength(): number | undefined {
    if (this.#bytes < lengthBytes) return undefined;
    return new DataView(this.#peek(lengthBytes).buffer).getUint32(0, true);
  }

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  clear(): void {
    this.#chunks = [];
    this.#taken = 0;
    this.#bytes = 0;
  }

  /** The next frame, of `length` bytes, in memory of its own; undefined while it is incomplete. */
  take(length: number): Uint8Array | undefined {
    if (this.#bytes < lengthBytes + length) return undefined;
    this.#skip(lengthBytes);
    const frame = this.#peek(length);
    this.#skip(length);
    return frame;
  }

  #peek(length: number): Uint8Array {
    const copy = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
    let filled = 0;
    let from = this.#taken;
    for (const chunk of this.#chunks) {
      if (filled === length) break;
      const part = chunk.subarray(from, from + length - filled);
      copy.set(part, filled);
      filled += part.length;
      from = 0;
    }
    return copy;
  }

  #skip(length: number): void {
    this.#bytes -= length;
    let skipped = 0;
    let left = this.#taken + length;
    for (const chunk of this.#chunks) {
      if (left < chunk.length) break;
      left -= chunk.length;
      skipped++;
    }
    this.#chunks.splice(0, skipped);
    this.#taken = left;
  }
}
