// What a step is made of, and where between the longer of its parts and their sum it lies. Pure.

import {
  computeSeconds,
  computeSecondsOfEach,
  sentBytes,
  stepSeconds,
  transferSeconds,
} from './measures.ts';
import type { Condition } from './study.ts';
import type { FinishedTrial } from './trials.ts';
import { portOf } from './wire.ts';

/** Of one trial: computing of the busiest node, sending of the busiest port, and the step. Seconds. */
export interface Parts {
  readonly compute: number;
  readonly transfer: number;
  readonly step: number;
}

/** With one microbatch nothing overlaps in a ring. */
export const isSerial = ({ variant, training }: Condition): boolean =>
  variant.architecture === 'ring' && training['microbatches'] === 1;

/**
 * With one microbatch in a ring, no node computes while another does and no link sends while another does: there
 * both are the sums over all.
 */
export function partsOf(trial: FinishedTrial): Parts {
  const { run } = trial.outcome;
  const step = stepSeconds(run);
  if (!isSerial(trial.condition))
    return { compute: computeSeconds(run), transfer: transferSeconds(trial), step };
  return {
    compute: computeSecondsOfEach(run).reduce((a, b) => a + b, 0),
    transfer: sentBytes(run) * portOf(trial).secondsPerByte,
    step,
  };
}

/** 0 where a step takes as long as the longer of the two, 1 where as long as both; beyond, it waits besides. */
export const placeOf = ({ compute, transfer, step }: Parts): number =>
  (step - Math.max(compute, transfer)) / Math.min(compute, transfer);
