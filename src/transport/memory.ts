// A transport within one process: the same promises as TCP's, without a socket. Tests and local
// rings use it; a delay can be put between sending and arriving.

import type { Link, Listener, Transport } from '../ports.ts';
import { formatAddress, parseAddress } from './address.ts';
import { lengthBytes } from './assembler.ts';
import { Inbox } from './inbox.ts';
import type { Arrived } from './inbox.ts';
import { unadmittedFrameBytes } from './limits.ts';
import {
  addressInUse,
  cannotBeReached,
  frameTooLarge,
  linkBroken,
  linkClosed,
  nobodyListens,
} from './refusals.ts';

/** Calls `deliver` when what was sent shall arrive; arrivals keep the order of sending in any case. */
export type Delay = (deliver: () => void) => void;

type Accept = (link: Link) => void;

const firstFreePort = 49_152;

/** Nodes that share one instance can reach each other. */
export class MemoryTransport implements Transport {
  readonly #listeners = new Map<string, Accept>();
  readonly #delay: Delay;
  readonly #links: MemoryLink[] = [];
  #isCut = false;
  #nextPort = firstFreePort;

  constructor(delay: Delay = queueMicrotask) {
    this.#delay = delay;
  }

  async listen(given: string, accept: Accept): Promise<Listener> {
    const { host, port } = parseAddress(given);
    const address = formatAddress({ host, port: port === 0 ? this.#nextPort++ : port });
    if (this.#listeners.has(address)) throw addressInUse(address);
    this.#listeners.set(address, accept);
    return {
      address,
      close: async () => {
        this.#listeners.delete(address);
      },
    };
  }

  /** Breaks every link; until `heal` nobody is reached. */
  cut(): void {
    this.#isCut = true;
    for (const link of this.#links.splice(0)) link.abort();
  }

  /** Loses, from now on and without a word, what is sent over the links that there are. */
  pull(): void {
    for (const link of this.#links.splice(0)) link.pull();
  }

  heal(): void {
    this.#isCut = false;
  }

  async connect(given: string): Promise<MemoryLink> {
    const address = formatAddress(parseAddress(given));
    if (this.#isCut) throw cannotBeReached(address);
    const accept = this.#listeners.get(address);
    if (accept === undefined) throw nobodyListens(address);
    const near = new MemoryLink(address, this.#delay);
    const far = new MemoryLink(`memory:${this.#nextPort++}`, this.#delay);
    near.join(far);
    far.join(near);
    this.#links.push(near);
    accept(far);
    return near;
  }
}

/** One end of a link within the process. */
export class MemoryLink implements Link {
  readonly remote: string;
  maximumFrameBytes = unadmittedFrameBytes;
  readonly #delay: Delay;
  readonly #leaving: (() => void)[] = [];
  receivedBytes = 0;
  #arrived: Uint8Array[] = [];
  #peer: MemoryLink | undefined;
  #ended = false;
  #isPulled = false;
  readonly #inbox: Inbox;

  constructor(remote: string, delay: Delay) {
    this.remote = remote;
    this.#delay = delay;
    this.#inbox = new Inbox({
      holdsNothing: () => this.#arrived.length === 0,
      next: () => this.#nextFrame(),
    });
  }

  /** Makes `peer` the other end. */
  join(peer: MemoryLink): void {
    this.#peer = peer;
  }

  /** What either side sends from now on is lost. */
  pull(): void {
    for (const link of [this, this.#peer]) if (link) link.#isPulled = true;
  }

  async send(parts: readonly Uint8Array[]): Promise<void> {
    if (this.#ended) throw linkClosed(this.remote);
    const frame = concatenate(parts);
    this.#leave((peer) => peer.#arrive(frame));
  }

  onFrame(handler: ((frame: Uint8Array) => void) | undefined): void {
    this.#inbox.onFrame(handler);
  }

  onClose(handler: ((error?: Error) => void) | undefined): void {
    this.#inbox.onClose(handler);
  }

  async close(): Promise<void> {
    if (this.#ended) return;
    this.#arrived = [];
    this.#end();
    if (this.#isPulled) return;
    await new Promise<void>((resolve) => {
      this.#leave((peer) => {
        peer.#end();
        resolve();
      });
    });
  }

  /** Ends the link as if this side had died. */
  abort(error: Error = linkBroken(this.remote)): void {
    if (this.#ended) return;
    this.#arrived = [];
    this.#end(error);
    this.#leave((peer) => peer.#end(linkBroken(peer.remote)));
  }

  #nextFrame(): Arrived | undefined {
    const frame = this.#arrived.shift();
    if (frame === undefined) return undefined;
    if (frame.length <= this.maximumFrameBytes) return { frame };
    this.abort(frameTooLarge(this.remote, frame.length, this.maximumFrameBytes));
    return undefined;
  }

  #leave(arrive: (peer: MemoryLink) => void): void {
    const peer = this.#peer;
    if (peer === undefined || this.#isPulled) return;
    this.#leaving.push(() => arrive(peer));
    this.#delay(() => this.#leaving.shift()?.());
  }

  #arrive(frame: Uint8Array): void {
    if (this.#ended) return;
    this.receivedBytes += lengthBytes + frame.length;
    this.#arrived.push(frame);
    this.#inbox.draw();
  }

  #end(error?: Error): void {
    this.#ended = true;
    this.#inbox.end(error);
  }
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
