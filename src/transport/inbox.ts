// What both kinds of link share: frames wait until somebody handles them, and the end of the link
// is reported once, after the last frame. Frames are drawn from their source one at a time and only
// while there is a handler, so that a limit set while one frame is handled holds for the next.

import type { FrameHandler } from '../ports.ts';

type CloseHandler = (error?: Error) => void;

/** Where a link's arrived bytes are kept until they are handled. */
export interface FrameSource {
  holdsNothing(): boolean;
  /** Takes the next whole frame; undefined when there is none yet. */
  next(): Uint8Array | undefined;
  /** Takes back the memory of a frame that nobody reads any more. */
  release?(frame: Uint8Array): void;
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
        const frame = this.#source.next();
        if (frame === undefined) break;
        this.#frameHandler(
          frame,
          once(() => this.#source.release?.(frame)),
        );
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

/** A function that does something only when it is first called. */
function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (!done) act();
    done = true;
  };
}
