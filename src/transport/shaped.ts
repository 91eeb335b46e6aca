// A slow network on a fast one: what a device sends over all its links together leaves at a set rate,
// what it receives comes in at the same rate, and everything arrives later by a set latency. As two token
// buckets (`tc tbf`) at a device's port would, but frame by frame, and without a kernel's leave.

import type { FrameHandler, Link } from '../ports.ts';
import { Inbox } from './inbox.ts';
import type { Arrived } from './inbox.ts';
import { admittedFrameBytes } from './limits.ts';
import { frameTooLarge } from './refusals.ts';

/** A device's port: alike in both directions and both at once. */
export interface LinkShape {
  readonly bytesPerSecond: number;
  /** One way. */
  readonly latencySeconds: number;
}

/** Seconds of a clock that never runs backwards, and a way to be called at a time of it. */
export interface ShaperClock {
  now(): number;
  at(seconds: number, call: () => void): void;
}

const systemClock: ShaperClock = {
  now: () => performance.now() / 1000,
  at(seconds, call) {
    setTimeout(call, Math.max(0, Math.round(1000 * seconds - performance.now())));
  },
};

/**
 * Shapes all links of one device: give each of them to what this returns. Both ends of a link are to be
 * shaped, at rates that are alike: a frame counts as coming in from when a sender of this rate would have
 * begun to send it.
 */
export function shapeDevice(
  { bytesPerSecond, latencySeconds }: LinkShape,
  clock: ShaperClock = systemClock,
): (link: Link) => Link {
  let uplinkFree = 0;
  let downlinkFree = 0;
  return (link) =>
    new ShapedLink(link, clock, {
      leaves(bytes) {
        uplinkFree = Math.max(clock.now(), uplinkFree) + bytes / bytesPerSecond;
        return uplinkFree;
      },
      arrives(bytes) {
        downlinkFree = Math.max(clock.now(), downlinkFree + bytes / bytesPerSecond);
        return downlinkFree + latencySeconds;
      },
    });
}

/** For a device whose links are what they are. */
export const unshaped = (link: Link): Link => link;

interface Port {
  /** When so many bytes have left that are given now. */
  leaves(bytes: number): number;
  /** When so many bytes are there that have come this far now. */
  arrives(bytes: number): number;
}

class ShapedLink implements Link {
  maximumFrameBytes: number;
  readonly #link: Link;
  readonly #clock: ShaperClock;
  readonly #port: Port;
  /** What is yet to leave, and what has come but is not there yet: in order, though a timer may overtake another. */
  readonly #leaving: (() => void)[] = [];
  readonly #coming: (() => void)[] = [];
  readonly #arrived: Arrived[] = [];
  readonly #inbox: Inbox;
  #lastSent: Promise<unknown> = Promise.resolve();
  #isReading = false;

  constructor(link: Link, clock: ShaperClock, port: Port) {
    this.#link = link;
    this.maximumFrameBytes = link.maximumFrameBytes;
    this.#clock = clock;
    this.#port = port;
    this.#inbox = new Inbox({
      holdsNothing: () => this.#arrived.length === 0,
      next: () => this.#next(),
    });
    // The end comes like a frame, behind all others.
    link.onClose((error) => {
      this.#coming.push(() => this.#inbox.end(error));
      clock.at(port.arrives(0), () => this.#coming.shift()!());
    });
  }

  get remote(): string {
    return this.#link.remote;
  }

  get receivedBytes(): number {
    return this.#link.receivedBytes;
  }

  send(parts: readonly Uint8Array[], urgency?: 'background'): Promise<void> {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const sent = new Promise<void>((resolve, reject) => {
      this.#leaving.push(() => void this.#link.send(parts, urgency).then(resolve, reject));
      this.#clock.at(this.#port.leaves(length), () => this.#leaving.shift()!());
    });
    this.#lastSent = sent.catch(() => undefined);
    return sent;
  }

  onFrame(handler: FrameHandler | undefined): void {
    this.#inbox.onFrame(handler);
    if (this.#isReading || !handler) return;
    // From the first handler on; what comes while there is none waits here.
    this.#isReading = true;
    // The limit of this link counts when a frame is handed over.
    this.#link.maximumFrameBytes = admittedFrameBytes;
    this.#link.onFrame((frame, release) => this.#arrive(frame, release));
  }

  onClose(handler: ((error?: Error) => void) | undefined): void {
    this.#inbox.onClose(handler);
  }

  async close(): Promise<void> {
    await this.#lastSent;
    await this.#link.close();
  }

  abort(error?: Error): void {
    this.#link.abort(error);
  }

  #arrive(frame: Uint8Array, release: (() => void) | undefined): void {
    this.#coming.push(() => {
      this.#arrived.push({ frame, release });
      this.#inbox.draw();
    });
    this.#clock.at(this.#port.arrives(frame.length), () => this.#coming.shift()!());
  }

  #next(): Arrived | undefined {
    const next = this.#arrived.shift();
    if (next === undefined || next.frame.length <= this.maximumFrameBytes) return next;
    this.abort(frameTooLarge(this.remote, next.frame.length, this.maximumFrameBytes));
    return undefined;
  }
}
