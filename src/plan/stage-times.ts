// What a cut makes of the costs of layers: seconds of each stage, of each hop, and of the slowest of them.

import { spanFlops, transferSeconds } from './profile.ts';
import type { PlanRequest, Span } from './profile.ts';

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
