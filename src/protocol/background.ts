// Frames that nobody waits for (copies of layers, say) leave in pieces, so that one that somebody waits
// for is held up by a piece at most; and come together again on the other side.

import { RingError } from '../errors.ts';

export type Settle = (error?: Error) => void;

/** 3 ms at 20 Mbit/s: a device sends over two links, and each may hold up the other. */
const pieceBytes = 1 << 13;

/** So much is given to a frame before any of it has arrived. */
const firstBytes = 1 << 20;

export interface Piece {
  readonly parts: readonly Uint8Array[];
  /** How many bytes of the frame follow. */
  readonly left: number;
  /** Of the whole frame; with its last piece only. */
  readonly settle: Settle | undefined;
}

interface Waiting {
  readonly parts: Uint8Array[];
  readonly settle: Settle;
}

/** Frames on their way out; nothing is copied. */
export class PieceCutter {
  readonly #waiting: Waiting[] = [];

  add(parts: readonly Uint8Array[], settle: Settle): void {
    this.#waiting.push({ parts: [...parts], settle });
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** The next piece; undefined when there is none. */
  next(): Piece | undefined {
    const [first] = this.#waiting;
    if (first === undefined) return undefined;
    const parts: Uint8Array[] = [];
    let room = pieceBytes;
    while (room > 0 && first.parts.length > 0) {
      const part = first.parts[0]!;
      parts.push(part.subarray(0, room));
      if (part.length > room) first.parts[0] = part.subarray(room);
      else first.parts.shift();
      room -= Math.min(room, part.length);
    }
    const left = first.parts.reduce((sum, part) => sum + part.length, 0);
    if (left > 0) return { parts, left, settle: undefined };
    this.#waiting.shift();
    return { parts, left, settle: first.settle };
  }

  /** Takes off all that waits. */
  clear(): Settle[] {
    return this.#waiting.splice(0).map(({ settle }) => settle);
  }
}

/** Frames on their way in: memory grows with what has arrived, whatever length was announced. */
export class PieceJoiner {
  #frame = new Uint8Array();
  #filled = 0;
  #left: number | undefined;

  /** Takes a copy of a piece; gives the frame once it is whole. Errors: PROTOCOL. */
  add(piece: Uint8Array, left: number, maximumFrameBytes: number): Uint8Array | undefined {
    const length = this.#filled + piece.length + left;
    if (this.#left !== undefined && this.#left !== piece.length + left)
      throw new RingError('PROTOCOL', 'the peer sent a piece that does not follow the one before');
    if (length > maximumFrameBytes)
      throw new RingError(
        'PROTOCOL',
        `the peer announced a frame of ${length} bytes where at most ${maximumFrameBytes} are allowed`,
      );
    const end = this.#filled + piece.length;
    if (end > this.#frame.length) this.#grow(Math.min(length, Math.max(firstBytes, 2 * end)));
    this.#frame.set(piece, this.#filled);
    [this.#filled, this.#left] = [end, left];
    if (left > 0) return undefined;
    const frame = this.#frame;
    [this.#frame, this.#filled, this.#left] = [new Uint8Array(), 0, undefined];
    return frame;
  }

  #grow(bytes: number): void {
    const larger = new Uint8Array(bytes);
    larger.set(this.#frame.subarray(0, this.#filled));
    this.#frame = larger;
  }
}
