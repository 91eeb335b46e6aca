// What one side of a session has to send: frames and pieces under way, by number, until the other side
// says that it has them; and the frames of which no piece may leave yet.

import { PieceCutter } from './background.ts';
import type { Settle } from './background.ts';

/** So many pieces of background frames are under way at most. */
const piecesAtOnce = 2;
/** However busy a link is, a piece leaves after so many frames. */
const framesPerPiece = 8;

export interface Outgoing {
  readonly kind: 'frame' | 'piece';
  readonly parts: readonly Uint8Array[];
  /** How many bytes of the frame follow a piece. */
  readonly left: number;
  readonly settle: Settle | undefined;
}

export class Outbox {
  readonly #cutter = new PieceCutter();
  /** In the order of their numbers, which begin after `acknowledged`. */
  readonly #underWay: Outgoing[] = [];
  #acknowledged = 0;
  #piecesUnderWay = 0;
  #framesSincePiece = 0;

  /** The number up to which the other side has received. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** The number that was given last. */
  get last(): number {
    return this.#acknowledged + this.#underWay.length;
  }

  get isEmpty(): boolean {
    return this.#underWay.length === 0 && this.#cutter.isEmpty;
  }

  /** From the first that is not acknowledged on. */
  get underWay(): readonly Outgoing[] {
    return this.#underWay;
  }

  /** A frame that leaves at once, with the next number. */
  addFrame(parts: readonly Uint8Array[], settle: Settle): Outgoing {
    const frame: Outgoing = { kind: 'frame', parts, left: 0, settle };
    this.#framesSincePiece += 1;
    this.#underWay.push(frame);
    return frame;
  }

  /** A frame that leaves in pieces, when `takePiece` gives them leave. */
  addBackground(parts: readonly Uint8Array[], settle: Settle): void {
    this.#cutter.add(parts, settle);
  }

  /** A piece that may leave, with the next number: where all is quiet, or one now and then. */
  takePiece(): Outgoing | undefined {
    const isQuiet = this.#underWay.length === this.#piecesUnderWay;
    if (this.#piecesUnderWay >= piecesAtOnce) return undefined;
    if (!isQuiet && this.#framesSincePiece < framesPerPiece) return undefined;
    const next = this.#cutter.next();
    if (next === undefined) return undefined;
    const piece: Outgoing = { kind: 'piece', ...next };
    this.#framesSincePiece = 0;
    this.#piecesUnderWay += 1;
    this.#underWay.push(piece);
    return piece;
  }

  /** The other side has all up to this number, which is at most `last`. */
  settleUpTo(acknowledged: number): void {
    const count = acknowledged - this.#acknowledged;
    if (count <= 0) return;
    this.#acknowledged = acknowledged;
    const settled = this.#underWay.splice(0, count);
    this.#piecesUnderWay -= settled.filter(({ kind }) => kind === 'piece').length;
    for (const { settle } of settled) settle?.();
  }

  /** Gives up all that is not acknowledged. */
  fail(error: Error): void {
    const underWay = this.#underWay.splice(0).map(({ settle }) => settle);
    for (const settle of [...underWay, ...this.#cutter.clear()]) settle?.(error);
  }
}
