// The first thing that either side says on a connection behind the door: which session it is for.

import type { Link } from '../ports.ts';
import { decodeHello, encodeHello } from '../protocol/segment.ts';
import type { Hello } from '../protocol/segment.ts';
import { linkBroken } from './refusals.ts';

/** How long the other side may take to say it. */
const deadlineMilliseconds = 10_000;

/** Another connection for a session, and the number up to which the other side has received. */
export interface Resumption {
  readonly connection: Link;
  readonly theirReceived: number;
}

/** Dials again, and says how far this side has received; undefined where the other knows no such session. */
export type Redial = (received: number) => Promise<Resumption | undefined>;

export function sendHello(connection: Link, hello: Hello): void {
  // A failure is told by the connection's end.
  void connection.send([encodeHello(hello)]).catch(() => undefined);
}

/**
 * The hello with which the other side begins; what follows it waits for the next handler. A connection
 * that says none is ended. Errors: PROTOCOL, NODE_LOST.
 */
export function nextHello(connection: Link): Promise<Hello> {
  const deadline = setTimeout(() => connection.abort(), deadlineMilliseconds);
  return new Promise<Hello>((resolve, reject) => {
    connection.onClose((error) => reject(error ?? linkBroken(connection.remote)));
    connection.onFrame((frame) => {
      connection.onFrame(undefined);
      connection.onClose(undefined);
      try {
        resolve(decodeHello(frame));
      } catch (error) {
        connection.abort();
        reject(error);
      }
    });
  }).finally(() => clearTimeout(deadline));
}
