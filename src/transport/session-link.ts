// A link that outlives the connections under it: protocol/session.ts on real ones.

import type { FrameHandler, Link } from '../ports.ts';
import { segmentTrailerBytes } from '../protocol/segment.ts';
import { Session } from '../protocol/session.ts';
import { sendHello } from './hello.ts';
import type { Redial, Resumption } from './hello.ts';
import { Inbox } from './inbox.ts';
import type { Arrived } from './inbox.ts';
import { admittedFrameBytes } from './limits.ts';
import { frameTooLarge, linkBroken, linkClosed, linkSilent, mayPass } from './refusals.ts';
import type { Ticker } from './ticker.ts';

/** How long a session that is closed waits for what was sent to be acknowledged. */
const lingerMilliseconds = 2500;
/** What a session keeps for a handler that is not set yet; more is left to the connection. */
const mostWaitingBytes = 1 << 20;

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
  #attempts = 0;
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
    return new Promise<void>((resolve, reject) => {
      this.#session.send(parts, (error) => (error ? reject(error) : resolve()), urgency);
    }).finally(() => this.#checkDrained());
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

  /** Goes on over a connection that the other side has dialled, unless it had given up that attempt since. */
  answer(resumption: Resumption, id: Uint8Array): void {
    const { connection } = resumption;
    if (!this.#session.canResume(resumption.theirReceived)) return connection.abort();
    sendHello(connection, { kind: 'resume', received: this.#session.received, id });
    return this.#resume(resumption);
  }

  #resume({ connection, theirReceived }: Resumption): void {
    // The connection so far may not know that it is broken.
    this.#drop()?.abort();
    this.#stand(connection);
    this.#session.resumed(theirReceived);
    this.#checkDrained();
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
    this.#attempts += 1;
    const attempt = this.#attempts;
    const isWanted = (): boolean => attempt === this.#attempts && !this.#session.hasEnded;
    try {
      const resumption = await this.#redial!(this.#session.received);
      if (!isWanted()) resumption?.connection.abort();
      else if (resumption === undefined) this.#session.end(linkBroken(this.remote));
      else this.#resume(resumption);
    } catch (error) {
      if (!isWanted()) return;
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

  /** What ends a connection is told by its closing; what it refuses to send would wait for ever. */
  #failed(error: unknown): void {
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
    if (this.#session.isIdle && this.#session.isConnected) this.#drained?.();
  }
}
