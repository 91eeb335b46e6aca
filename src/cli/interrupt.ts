// Ctrl-C: the first asks for an orderly end, the second does not wait for it. SIGTERM is the same.

import { errorCodes } from '../errors.ts';

/** Calls `stop` at the first signal; returns how to be rid of it. */
export function onInterrupt(stop: () => void): () => void {
  let asked = false;
  const handle = (): void => {
    if (asked) process.exit(errorCodes.INTERRUPTED.exit);
    asked = true;
    stop();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, handle);
  return () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, handle);
  };
}
