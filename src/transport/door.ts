// The door: who knows the ring's secret comes in, right after connecting and before anything else is
// read. Each side sends a nonce, then proves that it knows the secret by a keyed hash over both nonces
// and its own side (so that nothing can be echoed back): the secret itself never travels. The greeting
// has a fixed layout that every version can read. When links are encrypted, the channel's own
// identity belongs into `proof`, beside the nonces.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

import { RingError } from '../errors.ts';
import type { Link } from '../ports.ts';
import { frameMagic, requireWireVersion, wireVersion } from '../protocol/frame.ts';
import { admittedFrameBytes } from './limits.ts';

/** The side that listened, and the one that connected. */
export type Side = 'host' | 'guest';

const nonceBytes = 32;
const helloBytes = 8 + nonceBytes;

/**
 * Admits the peer and lets itself be admitted; resolves when both know that the other knows `secret`,
 * with the link ready for large frames. Otherwise the link is closed. Errors: VERSION, SECRET,
 * PROTOCOL (silence or junk), NODE_LOST.
 */
export async function openDoor(
  link: Link,
  secret: string,
  side: Side,
  { timeoutMilliseconds }: { readonly timeoutMilliseconds: number },
): Promise<void> {
  const nonce = randomBytes(nonceBytes);
  let deadline: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((admit, reject) => {
      const refuse = (what: string): void => reject(stranger(link, what));
      deadline = setTimeout(refuse, timeoutMilliseconds, 'did not introduce itself in time');
      link.onClose((error) => (error === undefined ? refuse('hung up') : reject(error)));
      // A send that fails is reported by onClose.
      const send = (frame: Uint8Array): void => void link.send([frame]).catch(() => {});

      let expected: Buffer | undefined;
      link.onFrame((frame) => {
        try {
          if (expected === undefined) {
            const theirs = readHello(frame);
            const [host, guest] = side === 'host' ? [nonce, theirs] : [theirs, nonce];
            expected = proof(secret, side === 'host' ? 'guest' : 'host', host, guest);
            send(proof(secret, side, host, guest));
          } else {
            if (frame.length !== expected.length || !timingSafeEqual(frame, expected)) {
              throw wrongSecret();
            }
            // What the peer sends next may already have arrived, and even the link's end: both wait
            // for the next handler.
            link.maximumFrameBytes = admittedFrameBytes;
            link.onFrame(undefined);
            link.onClose(undefined);
            admit();
          }
        } catch (error) {
          link.onFrame(() => {});
          reject(error);
        }
      });
      send(hello(nonce));
    });
  } catch (error) {
    void link.close();
    throw error;
  } finally {
    clearTimeout(deadline);
  }

  function readHello(frame: Uint8Array): Uint8Array {
    const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
    if (frame.length < 8 || view.getUint32(0) !== frameMagic) {
      throw stranger(link, 'does not speak the protocol');
    }
    requireWireVersion(view.getUint16(4, true));
    if (frame.length !== helloBytes) throw stranger(link, 'does not speak the protocol');
    return frame.subarray(8);
  }
}

function hello(nonce: Uint8Array): Uint8Array {
  const frame = new Uint8Array(helloBytes);
  const view = new DataView(frame.buffer);
  view.setUint32(0, frameMagic);
  view.setUint16(4, wireVersion, true);
  frame.set(nonce, 8);
  return frame;
}

const proof = (secret: string, side: Side, host: Uint8Array, guest: Uint8Array): Buffer =>
  createHmac('sha256', secret).update(`ringtmp door, ${side}`).update(host).update(guest).digest();

const stranger = (link: Link, what: string): RingError =>
  new RingError('PROTOCOL', `${link.remote} ${what}: check that it is a ringtmp node`);

const wrongSecret = (): RingError =>
  new RingError(
    'SECRET',
    'the secret is wrong: copy the whole line that the master printed, host:port#secret',
  );
