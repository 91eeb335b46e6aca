// What both kinds of link share: frames wait until somebody handles them, and the end of the link
// is reported once, after the last frame. Frames are drawn from their source one at a time and only
// while there is a handler, so that a limit set while one frame is handled holds for the next.

import type { FrameHandler } from '../ports.ts';

type CloseHandler = (error?: Error) => void;

/** Where a link's arrived bytes are kept until they are handled. */
export interface FrameSource {
  holdsNothing(): boolean;
  /** Takes the next whole frame; undefined when there is none yet. */
  next(): Arrived | undefined;
}

/** A frame, and how to give its memory back. */
export interface Arrived {
  readonly frame: Uint8Array;
  readonly release?: (() => void) | undefined;
}

export class Inbox {
  readonly #source: FrameSource;
  #frameHandler: FrameHandler | undefined;
  #closeHandler: CloseHandler | undefined;
  #ending: { readonly error: Error | undefined } | undefined;
  #closed = false;
  #drawing = false;

  constructor(source: FrameSource) {
    this.#source = source;
  }

  onFrame(handler: FrameHandler | undefined): void {
    this.#frameHandler = handler;
    if (handler !== undefined) queueMicrotask(() => this.draw());
  }

  onClose(handler: CloseHandler | undefined): void {
    this.#closeHandler = handler;
    if (handler !== undefined) queueMicrotask(() => this.draw());
  }

  /** Hands over what the source holds; the source calls it when there may be something new. */
  draw(): void {
    if (this.#drawing) return;
    this.#drawing = true;
    try {
      while (this.#frameHandler !== undefined) {
        const next = this.#source.next();
        if (next === undefined) break;
        this.#frameHandler(next.frame, next.release);
      }
    } finally {
      this.#drawing = false;
    }
    this.#reportEnd();
  }

  /** The source has ended and will hold nothing new; only the first call counts. */
  end(error?: Error): void {
    this.#ending ??= { error };
    this.draw();
  }

  #reportEnd(): void {
    if (this.#ending === undefined || this.#closed || this.#closeHandler === undefined) return;
    if (this.#frameHandler === undefined && !this.#source.holdsNothing()) return;
    this.#closed = true;
    this.#closeHandler(this.#ending.error);
  }
}
