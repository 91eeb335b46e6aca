// The window: how many microbatches a stage may hold so that it never starves. p - s of 1F1B assumes
// instant links; here a stage's place for a microbatch is taken from when credit is given for it until
// its gradient has left, so as many are needed as begin, one every tau, within that time (Little's law).

import { stageBytes } from './memory.ts';
import { spanFlops, transferSeconds } from './profile.ts';
import type { PlanRequest, Span } from './profile.ts';

/**
 * Nodes that decide by a local rule do not run like clockwork, and weight gradients come in bursts of
 * a whole group. In simulated rings of 2 to 8 nodes over several kinds of links, steps took 17 % longer
 * with just the windows that even pacing needs than with boundless ones; with twice these, 3 %.
 */
const slack = 2;

/** A sum of times that is a whole number of tau but for rounding shall not count as one more. */
const rounding = 1e-9;

/** What the stages of a cut cost per microbatch; stages in ring order, the closing one last. */
export interface StageTimes {
  /** Seconds of work, by stage. */
  readonly compute: readonly number[];
  /** Seconds there and back over the hop that leads to each stage; 0 for the first. */
  readonly roundTrip: readonly number[];
  /** The most that any device, or any hop one way, takes. */
  readonly tau: number;
}

/** The times of stages in ring order: the master's opening stage, each worker's, the closing stage. */
export function stageTimes(request: PlanRequest, spans: readonly Span[]): StageTimes {
  const { layers, devices, hops } = request;
  const nodes = devices.length;
  const compute = spans.map(
    (span, stage) => spanFlops(layers, span) / devices[stage % nodes]!.flops,
  );
  const transfers = spans.map((span, stage) =>
    stage === 0 ? 0 : transferSeconds(layers, span.from, hops[stage - 1]),
  );
  const roundTrip = transfers.map((seconds, stage) =>
    stage === 0 ? 0 : 2 * (seconds + (hops[stage - 1]?.latencySeconds ?? 0)),
  );
  const loads = [compute[0]! + compute.at(-1)!, ...compute.slice(1, -1)];
  return { compute, roundTrip, tau: Math.max(...loads, ...transfers) };
}

/** The window of each stage that keeps it busy, were memory free: from 1 to the step's microbatches. */
export function wantedWindows(request: PlanRequest, spans: readonly Span[]): readonly number[] {
  const { compute, roundTrip, tau } = stageTimes(request, spans);
  let held = 0;
  const windows = compute.toReversed().map((seconds, fromEnd) => {
    held += seconds + roundTrip[compute.length - 1 - fromEnd]!;
    return Math.min(
      request.microbatches,
      Math.max(1, tau > 0 ? Math.ceil((slack * held) / tau - rounding) : 1),
    );
  });
  return windows.toReversed();
}

/** The windows that also fit the devices' memory, as near to the wanted ones as it allows; at least 1. */
export function fitWindows(
  { layers, devices, microbatches }: PlanRequest,
  spans: readonly Span[],
  wanted: readonly number[],
): readonly number[] {
  const windows = [...wanted];
  for (const [device, { memoryBytes }] of devices.entries()) {
    const held = device === 0 ? [0, spans.length - 1] : [device];
    const fits = (): boolean =>
      held.reduce(
        (sum, stage) => sum + stageBytes(layers, spans[stage]!, windows[stage]!, microbatches),
        0,
      ) <= memoryBytes;
    while (!fits()) {
      // Of the master's two stages the one with the larger window gives way.
      const widest = held.reduce((a, b) => (windows[b]! > windows[a]! ? b : a));
      if (windows[widest] === 1) break;
      windows[widest]! -= 1;
    }
  }
  return windows;
}
