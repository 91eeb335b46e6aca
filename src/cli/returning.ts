// A worker that has lost its ring knocks again for a while: its master may be taken up again, or, when it
// was this device that was cut off, may still be there. It brings back the copies of layers that it keeps.

import { setTimeout as wait } from 'node:timers/promises';

import { RingError } from '../errors.ts';
import type { Interruptible } from './interrupt.ts';
import type { WorkerSession } from './worker-session.ts';

/** Between two knocks. */
const pauseMilliseconds = 1000;

export interface ReturningOptions {
  /** Joins, the first time and again. */
  readonly knock: () => Promise<WorkerSession>;
  /** For how long to knock again; 0: not at all. */
  readonly seconds: number;
  /** Whether it had a place in the ring: before, there is nothing to come back to. */
  readonly hadPlace: () => boolean;
  readonly joined: (session: WorkerSession) => void;
  readonly lost: (reason: string) => void;
}

export interface Returning extends Interruptible {
  /** Settles when the ring has done its work; rejects with what ended it here. */
  readonly ended: Promise<void>;
}

export function startReturning(options: ReturningOptions): Returning {
  const { knock, seconds, hadPlace } = options;
  const waiting = new AbortController();
  let session: WorkerSession | undefined;

  const knockAgain = async (reason: RingError): Promise<WorkerSession> => {
    const until = performance.now() + 1000 * seconds;
    while (performance.now() < until) {
      await wait(pauseMilliseconds, undefined, waiting).catch((cause: unknown) => {
        throw new RingError('INTERRUPTED', 'stopped by its user', { cause });
      });
      try {
        return await knock();
      } catch (error) {
        if (!isAbsence(error)) throw error;
      }
    }
    throw new RingError(
      'NODE_LOST',
      `${reason.message}; it was not there again within ${seconds} s`,
      { cause: reason },
    );
  };

  const work = async (): Promise<void> => {
    session = await knock();
    for (;;) {
      options.joined(session);
      try {
        return await session.ended;
      } catch (error) {
        session = undefined;
        if (!isLost(error) || seconds === 0 || !hadPlace()) throw error;
        options.lost(error.message);
        session = await knockAgain(error);
      }
    }
  };

  return {
    ended: work(),
    stop() {
      waiting.abort();
      session?.stop();
    },
    abandon() {
      waiting.abort();
      session?.abandon();
    },
  };
}

export const isLost = (error: unknown): error is RingError =>
  error instanceof RingError && error.code === 'NODE_LOST';

/** Nobody is there, or only what is left of a master that is ending. */
const isAbsence = (error: unknown): boolean =>
  error instanceof RingError && ['ADDRESS', 'NODE_LOST', 'PROTOCOL'].includes(error.code);
