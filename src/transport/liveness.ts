// Whether the other side still lives. A process that is stopped, or a cable that is pulled, ends no
// connection for many minutes, and a ring would wait for it as long. So whoever has nothing to send
// says now and then that it is there, by an empty frame, which no message is; and a link on which
// nothing arrives any more is ended. Ticks are counted rather than time: a device that was asleep
// itself has heard nothing only because it did not listen.

import type { FrameHandler, Link } from '../ports.ts';
import { linkSilent } from './refusals.ts';

/** In seconds, which are ticks. */
const sayAliveAfter = 2;
const endAfter = 15;

/** Calls `tick` every second until the function that it returns is called. */
export type Ticker = (tick: () => void) => () => void;

const everySecond: Ticker = (tick) => {
  const timer = setInterval(tick, 1000).unref();
  return () => clearInterval(timer);
};

/**
 * The same link, of two nodes that have admitted each other and both do this: it ends with NODE_LOST
 * when nothing has arrived for 15 seconds, not even a part of a frame.
 */
export const keepAlive = (link: Link, ticker: Ticker = everySecond): Link =>
  new LiveLink(link, ticker);

class LiveLink implements Link {
  readonly #link: Link;
  readonly #stopTicking: () => void;
  /** Bytes left unread because nobody wants them yet say nothing of the other side. */
  #isListening = false;
  #heardBytes = 0;
  #heardAgo = 0;
  #saidAgo = 0;
  #sending = 0;

  constructor(link: Link, ticker: Ticker) {
    this.#link = link;
    this.#stopTicking = ticker(() => this.#tick());
  }

  get remote(): string {
    return this.#link.remote;
  }

  get receivedBytes(): number {
    return this.#link.receivedBytes;
  }

  get maximumFrameBytes(): number {
    return this.#link.maximumFrameBytes;
  }

  set maximumFrameBytes(bytes: number) {
    this.#link.maximumFrameBytes = bytes;
  }

  send(parts: readonly Uint8Array[]): Promise<void> {
    this.#saidAgo = 0;
    this.#sending += 1;
    const settled = (): void => void (this.#sending -= 1);
    const sent = this.#link.send(parts);
    sent.then(settled, settled);
    return sent;
  }

  onFrame(handler: FrameHandler | undefined): void {
    this.#isListening = handler !== undefined;
    this.#heardAgo = 0;
    this.#link.onFrame(
      handler && ((frame, release) => (frame.length > 0 ? handler(frame, release) : release?.())),
    );
  }

  onClose(handler: ((error?: Error) => void) | undefined): void {
    this.#link.onClose(handler);
  }

  close(): Promise<void> {
    this.#stopTicking();
    return this.#link.close();
  }

  abort(error?: Error): void {
    this.#stopTicking();
    this.#link.abort(error);
  }

  #tick(): void {
    const { receivedBytes } = this.#link;
    this.#heardAgo =
      this.#isListening && receivedBytes === this.#heardBytes ? this.#heardAgo + 1 : 0;
    this.#heardBytes = receivedBytes;
    if (this.#heardAgo >= endAfter) return this.abort(linkSilent(this.remote, endAfter));
    this.#saidAgo += 1;
    // What is still leaving says enough.
    if (this.#sending > 0 || this.#saidAgo < sayAliveAfter) return undefined;
    // A link that has ended needs no more of this.
    return void this.send([]).catch(() => this.#stopTicking());
  }
}
