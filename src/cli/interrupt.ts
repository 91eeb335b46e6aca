// Ctrl-C: the first asks for an orderly end, which others must take part in; if that does not come in
// time, or at the second, nobody is waited for. SIGTERM is the same.

import { errorCodes } from '../errors.ts';

const orderlySeconds = 10;
/** How long even an end that waits for nobody may take: files are closed in it. */
const abandonMilliseconds = 3000;

const signals = ['SIGINT', 'SIGTERM'] as const;

export interface Interruptible {
  /** Ends in order. */
  stop(): void;
  /** Ends without waiting for anybody. */
  abandon(): void;
}

/** Passes signals on; returns how to be rid of it. */
export function onInterrupt(run: Interruptible): () => void {
  const exit = (): never => process.exit(errorCodes.INTERRUPTED.exit);
  const timers: NodeJS.Timeout[] = [];
  let state: 'running' | 'stopping' | 'abandoned' = 'running';
  const end = (): void => {
    state = 'abandoned';
    timers.push(setTimeout(exit, abandonMilliseconds));
    run.abandon();
  };
  const late = (): void => {
    if (state !== 'stopping') return;
    process.stderr.write(
      `ringtmp: the run has not ended in order within ${orderlySeconds} s: it is ended as it is\n`,
    );
    end();
  };
  const handle = (): void => {
    if (state === 'abandoned') exit();
    if (state === 'stopping') return end();
    state = 'stopping';
    timers.push(setTimeout(late, 1000 * orderlySeconds));
    return run.stop();
  };
  for (const signal of signals) process.on(signal, handle);
  return () => {
    for (const signal of signals) process.off(signal, handle);
    for (const timer of timers) clearTimeout(timer);
  };
}
