// The learning rate of each step. Only the master computes it, and sends it with the commit.

import { z } from 'zod';

const rate = z
  .number()
  .positive()
  .max(1e6)
  .describe('The learning rate (the highest, where it changes).');
const warmup = z
  .int()
  .min(0)
  .default(0)
  .describe('How many steps the rate takes to rise from near zero.');

const scheduleSchema = z.discriminatedUnion('schedule', [
  z
    .strictObject({
      schedule: z.literal('constant').describe('The kind of schedule.'),
      rate,
      warmup,
    })
    .describe('The same rate throughout.'),
  z
    .strictObject({
      schedule: z.literal('step').describe('The kind of schedule.'),
      rate,
      warmup,
      every: z.int().min(1).describe('After how many steps, again and again, the rate falls.'),
      factor: z
        .number()
        .positive()
        .max(1)
        .default(0.1)
        .describe('What the rate is multiplied by each time.'),
    })
    .describe('The rate falls by a factor every so many steps.'),
  z
    .strictObject({
      schedule: z.literal('cosine').describe('The kind of schedule.'),
      rate,
      warmup,
      final: z.number().min(0).max(1e6).default(0).describe('The rate at the last step.'),
    })
    .describe('The rate falls along half a cosine (Loshchilov & Hutter 2017).'),
]);

export const learningRateSchema = z.union([rate, scheduleSchema]);

export type LearningRate = z.output<typeof scheduleSchema>;

/** Spells a bare number out as the constant schedule. */
export const scheduleOf = (given: z.output<typeof learningRateSchema>): LearningRate =>
  typeof given === 'number' ? { schedule: 'constant', rate: given, warmup: 0 } : given;

/**
 * The rate of step `step` (the first is 0) of `totalSteps`. It rises linearly over `warmup` steps, the
 * last of which has the full rate; `every` and the cosine count from there.
 */
export function learningRateAt(schedule: LearningRate, step: number, totalSteps: number): number {
  const { rate, warmup } = schedule;
  if (step + 1 < warmup) return (rate * (step + 1)) / warmup;
  const first = Math.max(warmup - 1, 0);
  if (schedule.schedule === 'step')
    return rate * schedule.factor ** Math.floor((step - first) / schedule.every);
  if (schedule.schedule === 'cosine') {
    const share = Math.min((step - first) / Math.max(totalSteps - 1 - first, 1), 1);
    return schedule.final + ((rate - schedule.final) * (1 + Math.cos(Math.PI * share))) / 2;
  }
  return rate;
}
