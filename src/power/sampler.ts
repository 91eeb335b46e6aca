// Reads a source whenever it is told to and keeps the account. It has no clock: the caller says what
// time it is, as regularly as it can. A sensor that fails costs figures, never the training. Pure.

import { RingError } from '../errors.ts';
import type { Activity, EnergyReport, PowerSource } from '../ports.ts';
import { accumulate, nothingYet, reportOf } from './accumulate.ts';
import type { Accumulated, PowerSample } from './accumulate.ts';

export interface EnergySampler {
  /**
   * Reads the source now. `activity` is the device's since measuring began; its seconds are the
   * reading's time. Readings keep the order of the calls. Watts want a reading every second or so; a
   * RAPL counter only one before it has gone round (262 kJ on many processors, at 100 W 43 minutes).
   */
  sample(activity: Activity): Promise<void>;
  /** Reads it for a last time before a pause: what follows counts from the next sample on. */
  pause(activity: Activity): Promise<void>;
  /** From the first sample to the last. `idleWatts`: what the same sensor showed in idle, if known. */
  report(idleWatts?: number): EnergyReport;
}

export function createEnergySampler(source: PowerSource): EnergySampler {
  let sum: Accumulated = nothingYet;
  let turn: Promise<void> = Promise.resolve();
  const take = async (activity: Activity): Promise<void> => {
    const result = await source.read(activity).catch(failure);
    sum = accumulate(sum, { seconds: activity.seconds, result });
  };
  const inTurn = (act: () => Promise<void>): Promise<void> => {
    const mine = turn.then(act);
    turn = mine.catch(() => {});
    return mine;
  };
  return {
    sample: (activity) => inTurn(() => take(activity)),
    pause: (activity) =>
      inTurn(async () => {
        await take(activity);
        const { last: _, ...before } = sum;
        sum = before;
      }),
    report: (idleWatts) => reportOf(source, sum, idleWatts),
  };
}

function failure(error: unknown): PowerSample['result'] {
  if (error instanceof RingError && error.code === 'SENSOR') return { failure: error.message };
  throw error;
}
