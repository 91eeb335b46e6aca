// The time that sessions count in, as a port: tests move it by hand.

import { ticksPerSecond } from '../protocol/pulse.ts';

/** Calls `tick` four times a second until the function that it returns is called. */
export type Ticker = (tick: () => void) => () => void;

export const realTicker: Ticker = (tick) => {
  const timer = setInterval(tick, 1000 / ticksPerSecond);
  return () => clearInterval(timer);
};
