// Sessions between two nodes, as links. The side that dials opens one and dials again whenever its
// connection breaks, through the door each time; the side that listens knows its sessions by their ids.
// An id is a secret only so far as links are not read by others; but who comes this far has proved at the
// door that it knows the ring's.

import { randomBytes } from 'node:crypto';

import type { Link } from '../ports.ts';
import { sessionIdBytes } from '../protocol/segment.ts';
import { nextHello, sendHello } from './hello.ts';
import { SessionLink } from './session-link.ts';
import { realTicker } from './ticker.ts';
import type { Ticker } from './ticker.ts';

/** Opens a connection on which both sides have admitted each other. */
type Dial = () => Promise<Link>;

/** Opens a session over the connections that `dial` gives; errors are those of the first. */
export async function openSession(dial: Dial, ticker: Ticker = realTicker): Promise<Link> {
  const first = await dial();
  const id = randomBytes(sessionIdBytes);
  sendHello(first, { kind: 'open', received: 0, id });
  return new SessionLink(first, ticker, async (received) => {
    const connection = await dial();
    sendHello(connection, { kind: 'resume', received, id });
    const theirs = await nextHello(connection);
    if (theirs.kind === 'resume') return { connection, theirReceived: theirs.received };
    connection.abort();
    return undefined;
  });
}

/** The sessions of the side that listens. */
export class SessionHost {
  readonly #sessions = new Map<string, SessionLink>();
  readonly #accept: (link: Link, gone: Promise<void>) => void;
  readonly #ticker: Ticker;

  /** `accept` is given each new session, and what settles when it has ended. */
  constructor(accept: (link: Link, gone: Promise<void>) => void, ticker: Ticker = realTicker) {
    this.#accept = accept;
    this.#ticker = ticker;
  }

  /** Takes a connection that the door has admitted. */
  async admit(connection: Link): Promise<void> {
    try {
      const { kind, received, id } = await nextHello(connection);
      const key = Buffer.from(id).toString('hex');
      const session = this.#sessions.get(key);
      if (kind === 'open' && session === undefined) this.#open(key, connection);
      else if (kind === 'resume' && session !== undefined)
        session.answer({ connection, theirReceived: received }, id);
      else {
        sendHello(connection, { kind: 'unknown', received: 0, id });
        await connection.close();
      }
    } catch {
      connection.abort();
    }
  }

  #open(key: string, connection: Link): void {
    let end!: () => void;
    const gone = new Promise<void>((resolve) => (end = resolve));
    const link = new SessionLink(connection, this.#ticker, undefined, () => {
      this.#sessions.delete(key);
      end();
    });
    this.#sessions.set(key, link);
    this.#accept(link, gone);
  }
}
