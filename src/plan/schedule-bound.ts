// How long a step of a cut must take, to hold a measured one against. A flush between steps leaves
// every device idle while the first microbatch comes to it and while the last one goes back; what
// happens in between is bounded by the slowest (GPipe's bubble, Huang et al. 2019, for uneven stages).

import type { Cut } from './partition.ts';
import { spanFlops, transferSeconds } from './profile.ts';
import type { LayerCost, PlanRequest, Span } from './profile.ts';

export interface ScheduleBound {
  /** (m - 1) tau + all stages' and hops' times: what a schedule reaches that keeps the slowest busy in between. */
  readonly pipelineSeconds: number;
  /** What no schedule can go below. */
  readonly leastSeconds: number;
  /** `leastSeconds` against all work on the master alone: the ideal speed-up. */
  readonly speedup: number;
}

/** The bounds of one training step of `request.microbatches` with a flush, for a cut of that request. */
export function scheduleBound(request: PlanRequest, cut: Cut): ScheduleBound {
  const { layers, devices, microbatches } = request;
  const { compute, roundTrip, tau } = stageTimes(request, [
    cut.opening,
    ...cut.workers,
    cut.closing,
  ]);
  const once = sum(compute) + sum(roundTrip);

  // A worker begins when the first microbatch has come through the stages before it. It may leave
  // weight gradients for last, so only its forward and backward work precedes the last way back.
  let there = 0;
  let back = 0;
  const held = [cut.opening, ...cut.workers];
  const workers = held.slice(1).map((span, index) => {
    const upstream = held[index]!;
    const hop = roundTrip[index + 1]! / 2;
    there += seconds(upstream, index, ({ forwardFlops }) => forwardFlops) + hop;
    back += seconds(upstream, index, ({ backwardFlops }) => backwardFlops) + hop;
    const work = seconds(span, index + 1, (layer) => layer.forwardFlops + layer.backwardFlops);
    return there + Math.max(microbatches * compute[index + 1]!, microbatches * work + back);
  });
  const leastSeconds = Math.max(once, microbatches * cut.loads[0]!, ...workers);

  const alone = microbatches * sum(compute.map((seconds, stage) => seconds * speed(stage)));
  return {
    pipelineSeconds: (microbatches - 1) * tau + once,
    leastSeconds,
    speedup: alone / devices[0]!.flops / leastSeconds,
  };

  function speed(stage: number): number {
    return devices[stage % devices.length]!.flops;
  }

  function seconds(span: Span, device: number, flops: (layer: LayerCost) => number): number {
    return sum(layers.slice(span.from, span.to).map(flops)) / devices[device]!.flops;
  }
}

/** What the stages of a cut cost per microbatch; stages in ring order, the closing one last. */
interface StageTimes {
  /** Seconds of work, by stage. */
  readonly compute: readonly number[];
  /** Seconds there and back over the hop that leads to each stage; 0 for the first. */
  readonly roundTrip: readonly number[];
  /** The most that any device, or any hop one way, takes. */
  readonly tau: number;
}

function stageTimes(request: PlanRequest, spans: readonly Span[]): StageTimes {
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

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
