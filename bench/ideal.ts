// What the schedule allows: the bound of the cut that was taken, for devices that are all alike and
// links that cost nothing.

import { layerCosts } from '../dist/model/layer-costs.js';
import { ringTraining } from '../dist/model/training.js';
import type { ResolvedTraining } from '../dist/model/training.js';
import type { NodeReport, Stage } from '../dist/node.js';
import { spanFlops } from '../dist/plan/profile.js';
import { scheduleBound } from '../dist/plan/schedule-bound.js';

/** How many times as fast as one device the nodes could be at best. */
export function idealSpeedup(training: ResolvedTraining, nodes: readonly NodeReport[]): number {
  const layers = layerCosts(ringTraining(training));
  const [master, ...workers] = nodes.map(({ stages }) => stages);
  const [opening, closing] = master as [Stage, Stage];
  const loads = nodes.map(({ stages }) =>
    stages.reduce((sum, stage) => sum + spanFlops(layers, stage), 0),
  );
  const request = {
    layers,
    devices: nodes.map(() => ({ flops: 1, memoryBytes: Infinity })),
    hops: nodes.map(() => ({ bytesPerSecond: Infinity, latencySeconds: 0 })),
    microbatches: training.resolved.microbatches,
  };
  const cut = { opening, workers: workers.map(([stage]) => stage!), closing, loads, memory: [] };
  return scheduleBound(request, cut).speedup;
}
