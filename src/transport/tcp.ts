// TCP between processes: each frame behind its length, 32 bits little-endian. TCP alone does not
// tell an orderly end from a killed process (the kernel closes both), so a link says goodbye.

import { connect, createServer, Socket } from 'node:net';
import type { AddressInfo, OnReadOpts } from 'node:net';

import type { FrameHandler, Link, Listener, Transport } from '../ports.ts';
import { formatAddress, parseAddress } from './address.ts';
import { FrameAssembler, lengthBytes } from './assembler.ts';
import { Inbox } from './inbox.ts';
import type { Arrived } from './inbox.ts';
import { unadmittedFrameBytes } from './limits.ts';
import { addressError, frameTooLarge, linkBroken, linkClosed } from './refusals.ts';

/** A length that says: nothing follows, I end this link in order. */
const goodbye = 0xffffffff;

/** How long a closed link waits for the peer to close its side. */
const lingerMilliseconds = 1000;
const connectMilliseconds = 10_000;
const keepAliveMilliseconds = 5000;

/** As much as Node reads at a time by itself. */
const readBytes = 1 << 16;

/** Real sockets; one instance serves any number of links. */
export class TcpTransport implements Transport {
  async listen(given: string, accept: (link: Link) => void): Promise<Listener> {
    const address = parseAddress(given);
    const server = createServer({ pauseOnConnect: true }, (accepted) => {
      const { remoteAddress: host = 'a peer already gone', remotePort: port = 0 } = accepted;
      let link: TcpLink | undefined;
      const socket = withOneBuffer(accepted, (chunk) => link?.receive(chunk));
      link = new TcpLink(socket, formatAddress({ host: host.replace(/^::ffff:/, ''), port }));
      accept(link);
    });
    await new Promise<void>((resolve, reject) => {
      // Later ones are of single connections that could not be accepted, which dial again.
      server.on('error', (error) => reject(addressError(given, error)));
      server.listen(address, resolve);
    });
    const { port } = server.address() as AddressInfo;
    return {
      address: formatAddress({ host: address.host, port }),
      close: async () => {
        server.close();
      },
    };
  }

  async connect(given: string): Promise<TcpLink> {
    const address = parseAddress(given);
    return new Promise((resolve, reject) => {
      let link: TcpLink | undefined;
      const socket = connect({ ...address, onread: oneBuffer((chunk) => link?.receive(chunk)) });
      const fail = (error: Error): void => {
        socket.destroy();
        reject(addressError(given, error));
      };
      const deadline = setTimeout(fail, connectMilliseconds, new Error('no answer in time'));
      socket.once('error', fail);
      socket.once('close', () => clearTimeout(deadline));
      socket.once('connect', () => {
        clearTimeout(deadline);
        socket.off('error', fail);
        link = new TcpLink(socket, formatAddress(address));
        resolve(link);
      });
    });
  }
}

/** Reads into one buffer again and again: a new one each time would keep the garbage collector busy. */
const oneBuffer = (receive: (chunk: Uint8Array) => void): OnReadOpts => ({
  buffer: Buffer.allocUnsafeSlow(readBytes),
  callback: (count, buffer) => {
    receive(buffer.subarray(0, count));
    return true;
  },
});

/**
 * The same for a socket that was accepted and not read yet. Node lets only a new socket say so, hence
 * one over the same handle; where there is none to be had, the socket reads as it is.
 */
function withOneBuffer(accepted: Socket, receive: (chunk: Uint8Array) => void): Socket {
  const inner = accepted as unknown as Record<'_handle', { reading: boolean } | null>;
  const handle = inner['_handle'];
  if (!handle) return accepted;
  inner['_handle'] = null;
  handle.reading = false;
  const options: object = { handle, onread: oneBuffer(receive) };
  return new Socket(options);
}

/** One end of a TCP connection. */
export class TcpLink implements Link {
  readonly remote: string;
  receivedBytes = 0;
  maximumFrameBytes = unadmittedFrameBytes;
  readonly #socket: Socket;
  readonly #arrived = new FrameAssembler();
  readonly #inbox: Inbox;
  /** Either side has said goodbye. */
  #orderly = false;
  #error: Error | undefined;

  constructor(socket: Socket, remote: string) {
    this.#socket = socket;
    this.remote = remote;
    this.#inbox = new Inbox({
      holdsNothing: () => this.#arrived.empty,
      next: () => this.#nextFrame(),
    });
    socket.setNoDelay(true).setKeepAlive(true, keepAliveMilliseconds);
    socket.on('error', (error) => (this.#error ??= linkBroken(remote, error)));
    socket.on('close', () =>
      this.#inbox.end(this.#orderly ? undefined : (this.#error ?? linkBroken(remote))),
    );
    socket.on('data', (chunk) => this.receive(chunk));
    socket.pause();
  }

  /** Takes what has arrived; the chunk's memory may be used again at once. */
  receive(chunk: Uint8Array): void {
    this.receivedBytes += chunk.length;
    if (this.#closing || this.#orderly) return;
    this.#arrived.push(chunk);
    this.#inbox.draw();
    this.#arrived.detach();
  }

  /** The address of this device on the network that the link goes over. */
  get localHost(): string {
    return (this.#socket.localAddress ?? '127.0.0.1').replace(/^::ffff:/, '');
  }

  send(parts: readonly Uint8Array[]): Promise<void> {
    const socket = this.#socket;
    if (this.#orderly || !socket.writable) return Promise.reject(linkClosed(this.remote));
    return new Promise((resolve, reject) => {
      const length = parts.reduce((sum, part) => sum + part.length, 0);
      if (length >= goodbye) throw frameTooLarge('this side', length, goodbye - 1);
      // Corked, all parts leave in one system call, and none is copied.
      socket.cork();
      for (const part of [lengthPrefix(length), ...parts.slice(0, -1)]) socket.write(part);
      socket.write(parts.at(-1) ?? new Uint8Array(), (error) => {
        if (error) reject(linkBroken(this.remote, error));
        else resolve();
      });
      socket.uncork();
    });
  }

  onFrame(handler: FrameHandler | undefined): void {
    this.#inbox.onFrame(handler);
    // Unread bytes stay in the kernel, which holds the peer back.
    if (handler === undefined && !this.#closing) this.#socket.pause();
    else this.#socket.resume();
  }

  onClose(handler: ((error?: Error) => void) | undefined): void {
    this.#inbox.onClose(handler);
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    if (socket.closed) return;
    const closed = new Promise((resolve) => socket.once('close', resolve));
    if (!this.#closing) {
      this.#orderly = true;
      this.#arrived.clear();
      socket.end(lengthPrefix(goodbye));
      // What still arrives is read and dropped: bytes left unread would make the kernel reset the
      // connection and destroy what was sent.
      socket.resume();
      const deadline = setTimeout(() => socket.destroy(), lingerMilliseconds);
      socket.once('close', () => clearTimeout(deadline));
    }
    await closed;
  }

  /** Ends the link at once, as if this side had died. */
  abort(error: Error = linkBroken(this.remote)): void {
    this.#error ??= error;
    this.#arrived.clear();
    this.#socket.destroy();
  }

  /** This side, or the end of the connection, has ended what can be sent. */
  get #closing(): boolean {
    return this.#socket.writableEnded || this.#socket.destroyed;
  }

  #nextFrame(): Arrived | undefined {
    const length = this.#arrived.frameLength;
    if (length === undefined) return undefined;
    if (length === goodbye) {
      this.#orderly = true;
      this.#arrived.clear();
      return undefined;
    }
    if (length > this.maximumFrameBytes) {
      this.abort(frameTooLarge(this.remote, length, this.maximumFrameBytes));
      return undefined;
    }
    const frame = this.#arrived.take(length);
    return frame && { frame, release: once(() => this.#arrived.release(frame)) };
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

function lengthPrefix(length: number): Uint8Array {
  const prefix = new Uint8Array(lengthBytes);
  new DataView(prefix.buffer).setUint32(0, length, true);
  return prefix;
}
