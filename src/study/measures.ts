// Figures of single trials, and what no schedule could go below on the same devices and links. Bounds are
// taken from what the run itself computed and sent, so that they say how well it was arranged, not how well
// a device was guessed. Pure.

import type { Figures } from '../meter/figures.ts';
import type { IdleCause } from '../meter/timeline.ts';
import { energiesOf } from './results.ts';
import type { Run } from './results.ts';
import { ringStepSeconds } from './ring-bound.ts';
import { mean } from './statistics.ts';
import type { FinishedTrial } from './trials.ts';
import { portOf } from './wire.ts';

const total = (parts: Readonly<Record<string, number>>): number =>
  Object.values(parts).reduce((sum, part) => sum + part, 0);

const trafficOf = (traffic: Figures['sent']): number =>
  Object.values(traffic).reduce((sum, { bytes }) => sum + bytes, 0);

/** Those that compute: a server that only keeps parameters would count as idle for what it is. */
const workersOf = ({ nodes }: Run): Run['nodes'] => nodes.filter(({ role }) => role !== 'server');

/** Mean over the workers, from commit to commit, 0 to 1. */
export const idleOfWorkers = (run: Run): number =>
  mean(workersOf(run).map(({ figures }) => figures.idleShare));

/** The share of the time in which a node's engine waited for something. */
export const causeShare = ({ idleSeconds, wallSeconds }: Figures, cause: IdleCause): number =>
  wallSeconds > 0 ? idleSeconds[cause] / wallSeconds : 0;

/** From commit to commit, seconds as measured. */
export function stepSeconds({ nodes }: Run): number {
  const { wallSeconds, steps } = nodes[0]!.figures;
  return wallSeconds / steps;
}

/** Of a step, as the devices would have taken it: a lab in slow motion takes longer. */
export const ownStepSeconds = ({ outcome: { run }, place }: FinishedTrial): number =>
  stepSeconds(run) * place.scale;

/**
 * So much of a node's in one step of the run. By its time, not by its own count of steps: to a server that is
 * asynchronous, each push is one.
 */
const perStep = (run: Run, { wallSeconds }: Figures, amount: number): number =>
  wallSeconds > 0 ? (amount / wallSeconds) * stepSeconds(run) : 0;

/** In one step, of each node that computes. */
export const computeSecondsOfEach = (run: Run): readonly number[] =>
  workersOf(run).map(({ figures }) => perStep(run, figures, total(figures.busySeconds)));

/** Of the busiest node, in one step. */
export const computeSeconds = (run: Run): number => Math.max(...computeSecondsOfEach(run));

/** What all nodes send in one step, in bytes. */
export const sentBytes = (run: Run): number =>
  run.nodes.reduce((sum, { figures }) => sum + perStep(run, figures, trafficOf(figures.sent)), 0);

/** Until the busiest port has carried a step's bytes, each way, or one medium all of them, twice. */
export function transferSeconds(trial: FinishedTrial): number {
  const { run } = trial.outcome;
  const { secondsPerByte: there, acknowledgementSecondsPerByte: back } = portOf(trial);
  if (trial.condition.devices.every(({ link }) => link.kind === 'wifi'))
    return 2 * sentBytes(run) * (there + back);
  return Math.max(
    ...run.nodes.flatMap(({ figures }) => {
      const [out, into] = [figures.sent, figures.received].map((each) =>
        perStep(run, figures, trafficOf(each)),
      );
      return [out! * there + into! * back, into! * there + out! * back];
    }),
  );
}

/**
 * No schedule makes this run's step in less: its busiest node and its busiest port at work without a pause,
 * and in a ring also filling and emptying it, once a step.
 */
export function leastStepSeconds(trial: FinishedTrial): number {
  const { run } = trial.outcome;
  const busiest = Math.max(computeSeconds(run), transferSeconds(trial));
  if (run.architecture !== 'ring' || run.nodes.length === 1) return busiest;
  const microbatches = Number(trial.condition.training['microbatches']);
  return Math.max(busiest, ringStepSeconds(run, microbatches, portOf(trial)) ?? 0);
}

/** The idle share of the workers if a step took no longer than `leastStepSeconds`. */
export function leastIdleShare(trial: FinishedTrial): number {
  const least = leastStepSeconds(trial);
  const busy = computeSecondsOfEach(trial.outcome.run);
  return mean(busy.map((seconds) => 1 - Math.min(1, seconds / least)));
}

/** A part of the joules of a sample, over all devices; undefined unless every device's source tells it. */
export function joulesPart(
  run: Run,
  part: 'floorJoules' | 'marginalJoules' | 'computeJoules' | 'radioJoules',
): number | undefined {
  if (run.joulesPerSample === undefined) return undefined;
  let [sum, total] = [0, 0];
  for (const report of energiesOf(run)) {
    const joules = report[part];
    if (joules === undefined) return undefined;
    sum += joules;
    total += report.total;
  }
  return total > 0 ? (run.joulesPerSample * sum) / total : undefined;
}

/** Of the samples that were trained until the target accuracy was first measured; undefined where it never was. */
export function joulesToTarget({
  joulesPerSample,
  secondsToTarget,
  steps,
}: Run): number | undefined {
  if (joulesPerSample === undefined || secondsToTarget === undefined) return undefined;
  const trained = steps.findLast(({ seconds }) => seconds <= secondsToTarget);
  return trained && joulesPerSample * trained.samples;
}
