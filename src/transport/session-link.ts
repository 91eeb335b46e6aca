// A link that outlives the connections under it: protocol/session.ts on real ones.

import type { FrameHandler, Link } from '../ports.ts';
import { segmentTrailerBytes } from '../protocol/segment.ts';
import { Session } from '../protocol/session.ts';
import { Inbox } from './inbox.ts';
import type { Arrived } from './inbox.ts';
import { admittedFrameBytes } from './limits.ts';
import { frameTooLarge, linkBroken, linkClosed, linkSilent, mayPass } from './refusals.ts';
import type { Ticker } from './ticker.ts';

/** How long a session that is closed waits for what was sent to be acknowledged. */
const lingerMilliseconds = 2500;
/** What a session keeps for a handler that is not set yet; more is left to the connection. */
const mostWaitingBytes = 1 << 20;

/** Another connection for a session, and the number up to which the other side has received. */
export interface Resumption {
  readonly connection: Link;
  readonly theirReceived: number;
}

/** Dials again, and says how far this side has received; undefined where the other knows no such session. */
export type Redial = (received: number) => Promise<Resumption | undefined>;

/** One side of a session. */
export class SessionLink implements Link {
  readonly remote: string;
  readonly #redial: Redial | undefined;
  readonly #session: Session;
  readonly #inbox: Inbox;
  readonly #waiting: Arrived[] = [];
  #waitingBytes = 0;
  #hasHandler = false;
  #connection: Link | undefined;
  #earlierBytes = 0;
  #acknowledgesSoon = false;
  #closing: Promise<void> | undefined;
  #drained: (() => void) | undefined;
  readonly #whenEnded: (() => void)[];

  /** `redial` on the side that dialled; `whenEnded` is called once. */
  constructor(connection: Link, ticker: Ticker, redial?: Redial, whenEnded?: () => void) {
    this.remote = connection.remote;
    this.#redial = redial;
    this.#inbox = new Inbox({
      holdsNothing: () => this.#waiting.length === 0,
      next: () => this.#nextFrame(),
    });
    this.#session = new Session(
      {
        transmit: (parts) =>
          void this.#connection?.send(parts).catch((error) => this.#failed(error)),
        deliver: (frame, release) => this.#deliver(frame, release),
        dial: () => void this.#dial(),
        doubt: (seconds) => this.#connection?.abort(linkSilent(this.remote, seconds)),
        ended: (error) => this.#ended(error),
      },
      redial !== undefined,
      admittedFrameBytes,
    );
    const tick = (): void => this.#session.tick(this.#listens ? this.receivedBytes : undefined);
    this.#whenEnded = [ticker(tick), ...(whenEnded ? [whenEnded] : [])];
    this.#stand(connection);
  }

  get receivedBytes(): number {
    return this.#earlierBytes + (this.#connection?.receivedBytes ?? 0);
  }

  get maximumFrameBytes(): number {
    return this.#session.maximumFrameBytes;
  }

  set maximumFrameBytes(bytes: number) {
    this.#session.maximumFrameBytes = bytes;
  }

  /** Settles when the other side has the frame. */
  send(parts: readonly Uint8Array[], urgency?: 'background'): Promise<void> {
    if (this.#closing) return Promise.reject(linkClosed(this.remote));
    return new Promise((resolve, reject) => {
      this.#session.send(parts, urgency ?? 'foreground', (error) => {
        if (error) reject(error);
        else resolve();
        if (this.#closing) this.#checkDrained();
      });
    });
  }

  onFrame(handler: FrameHandler | undefined): void {
    this.#hasHandler = handler !== undefined;
    this.#inbox.onFrame(handler);
    this.#listen();
  }

  onClose(handler: ((error?: Error) => void) | undefined): void {
    this.#inbox.onClose(handler);
  }

  async close(): Promise<void> {
    if (this.#session.hasEnded) return;
    this.#closing ??= this.#finish();
    // What still comes is acknowledged and dropped.
    this.#listen();
    await this.#closing;
  }

  abort(error: Error = linkBroken(this.remote)): void {
    this.#waiting.length = 0;
    this.#session.end(error);
  }

  /** Goes on over another connection; the one so far, which may not know that it is broken, is dropped. */
  resume({ connection, theirReceived }: Resumption): void {
    this.#drop()?.abort();
    this.#stand(connection);
    this.#session.resumed(theirReceived);
    if (this.#closing) this.#checkDrained();
  }

  /** The number up to which this side has received. */
  get received(): number {
    return this.#session.received;
  }

  #stand(connection: Link): void {
    this.#connection = connection;
    connection.maximumFrameBytes = admittedFrameBytes + segmentTrailerBytes;
    connection.onClose((error) => {
      if (this.#connection !== connection) return;
      this.#drop();
      if (error === undefined) this.#session.end(undefined, linkClosed(this.remote));
      else if (mayPass(error)) this.#session.broken(error);
      else this.#session.end(error);
    });
    this.#listen();
  }

  #drop(): Link | undefined {
    const connection = this.#connection;
    this.#earlierBytes = this.receivedBytes;
    this.#connection = undefined;
    return connection;
  }

  async #dial(): Promise<void> {
    try {
      const resumption = await this.#redial!(this.received);
      if (resumption === undefined) this.#session.end(linkBroken(this.remote));
      else if (this.#session.hasEnded) resumption.connection.abort();
      else this.resume(resumption);
    } catch (error) {
      if (mayPass(error)) this.#session.dialFailed();
      else this.#session.end(linkBroken(this.remote, error));
    }
  }

  get #listens(): boolean {
    return this.#hasHandler || this.#waitingBytes < mostWaitingBytes || Boolean(this.#closing);
  }

  #listen(): void {
    const connection = this.#connection;
    const take: FrameHandler = (segment, release) =>
      connection === this.#connection && this.#arrived(segment, release);
    connection?.onFrame(this.#listens ? take : undefined);
  }

  #arrived(segment: Uint8Array, release?: () => void): void {
    this.#session.arrived(segment, release);
    if (this.#acknowledgesSoon || !this.#session.owesAcknowledgement) return;
    // Once for all that arrives in this turn, and not at all when an answer goes out in it.
    this.#acknowledgesSoon = true;
    setImmediate(() => {
      this.#acknowledgesSoon = false;
      this.#session.acknowledge();
    });
  }

  #failed(error: unknown): void {
    // What ends a connection is told by its closing; what it refuses to send would wait for ever.
    if (!mayPass(error)) this.#session.end(error as Error);
  }

  #deliver(frame: Uint8Array, release?: () => void): void {
    if (this.#closing) return;
    this.#waiting.push({ frame, release });
    this.#waitingBytes += frame.length;
    this.#inbox.draw();
    if (!this.#listens) this.#listen();
  }

  #nextFrame(): Arrived | undefined {
    const next = this.#waiting.shift();
    if (next === undefined) return undefined;
    const { length } = next.frame;
    this.#waitingBytes -= length;
    if (length <= this.maximumFrameBytes) return next;
    this.abort(frameTooLarge(this.remote, length, this.maximumFrameBytes));
    return undefined;
  }

  #ended(error?: Error): void {
    for (const act of this.#whenEnded) act();
    this.#drop()?.abort();
    this.#drained?.();
    this.#inbox.end(error);
  }

  async #finish(): Promise<void> {
    this.#waiting.length = 0;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, lingerMilliseconds);
      this.#drained = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#checkDrained();
    });
    this.#session.acknowledge();
    const connection = this.#drop();
    this.#session.end(undefined, linkClosed(this.remote));
    await connection?.close();
  }

  #checkDrained(): void {
    if (this.#session.isConnected && this.#session.isIdle) this.#drained?.();
  }
}
