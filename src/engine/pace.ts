// A processor slower than this one. A control group with a quota lets whatever fits into one of its periods run at
// full speed, which is most of what a small node computes; so the engine's thread rests after each run until that has
// taken as long as it would there.

import { openSync, readSync } from 'node:fs';

/** Carries a run out, and rests; gives the milliseconds of both. */
export type Paced = (run: () => void) => number;

/** `share` of this processor's speed, 0 to 1; `computed`: the milliseconds that this thread was on it. */
export function paceOf(share: number, computed: () => number = processorClock()): Paced {
  const pillow = new Int32Array(new SharedArrayBuffer(4));
  return (run) => {
    const [begun, before] = [performance.now(), computed()];
    run();
    const due = (computed() - before) / share;
    const rest = begun + due - performance.now();
    if (rest > 0) Atomics.wait(pillow, 0, 0, rest);
    return performance.now() - begun;
  };
}

/** Of this thread: who waits for a processor computes nothing. Elsewhere than on Linux, it is the clock's. */
function processorClock(): () => number {
  try {
    const file = openSync('/proc/thread-self/schedstat', 'r');
    const text = Buffer.alloc(64);
    return () => {
      const length = readSync(file, text, 0, text.length, 0);
      return Number.parseInt(text.toString('latin1', 0, length), 10) / 1e6;
    };
  } catch {
    return () => performance.now();
  }
}
