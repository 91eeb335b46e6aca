// What no run can go below, and what one would take that overlaps as textbooks say: formulas that a person
// can check by hand, to stand beside what the simulator says. docs/plan.md derives them.

import { layerCosts } from '../model/layer-costs.ts';
import { ringTraining } from '../model/training.ts';
import type { RingTraining } from '../model/training.ts';
import type { Stage } from '../node.ts';
import { crossingBytes } from '../plan/profile.ts';
import type { LayerCost } from '../plan/profile.ts';
import { scheduleBound } from '../plan/schedule-bound.ts';
import { sharePartsOf } from '../data-parallel/share.ts';
import { noDemand, secondsOf } from './demand.ts';
import type { Demand } from './demand.ts';
import type { ExpectedArchitecture, Setting } from './setting.ts';
import { StageDemands } from './stage-demands.ts';

export interface StepBounds {
  /** No schedule is faster. */
  readonly leastSeconds: number;
  /** Of a ring, the pipeline's formula; elsewhere computing and sending one after the other. */
  readonly usualSeconds: number;
}

/** Of one step. `cut`: of a ring, the master's stages first. */
export function stepBounds(
  architecture: ExpectedArchitecture,
  setting: Setting,
  cut: readonly (readonly Stage[])[] = [],
): StepBounds {
  const { training, nodes, link } = setting;
  const { batch, microbatches, rows } = training.resolved;
  const described = ringTraining(training);
  if (architecture === 'ring' && nodes > 1) return ringBounds(setting, cut);

  const workers =
    architecture === 'single' ? 1 : architecture === 'parameter-server' ? nodes - 1 : nodes;
  const share = workers === 1 ? { rows, microbatches } : sharePartsOf(batch, microbatches, workers);
  const layers = layerSeconds(described, setting, share.rows);
  const compute = share.microbatches * layers.reduce((sum, layer) => sum + workSeconds(layer), 0);
  if (workers === 1 && architecture === 'single')
    return { leastSeconds: compute, usualSeconds: compute };
  const weights = layers.reduce((sum, { parameterBytes }) => sum + parameterBytes, 0);
  // Through the busiest port, each way: a server's takes every worker's gradients, and elsewhere each
  // node passes on all parts of the sum but its own, twice.
  const copies = architecture === 'parameter-server' ? workers : (2 * (nodes - 1)) / nodes;
  const oneWay = (copies * weights) / link.bytesPerSecond;
  const ways = architecture === 'parameter-server' ? 2 : 1;
  const hops = architecture === 'all-reduce' ? 2 * (nodes - 1) : 2;
  if (link.kind === 'shared') {
    // Gradients and parameters of all workers, or of all nodes, through one medium, each frame twice.
    const total = architecture === 'parameter-server' ? 2 * oneWay : nodes * oneWay;
    const sending = 2 * total;
    return { leastSeconds: Math.max(compute, sending), usualSeconds: compute + sending };
  }
  return {
    leastSeconds: Math.max(compute, oneWay),
    usualSeconds: compute + ways * oneWay + hops * link.latencySeconds,
  };
}

function ringBounds(
  { training, nodes, device, link }: Setting,
  cut: readonly (readonly Stage[])[],
): StepBounds {
  const { rows, microbatches } = training.resolved;
  const layers = layerSeconds(ringTraining(training), { device }, rows);
  const [master, ...workers] = cut;
  const [opening, closing] = master as [Stage, Stage];
  // On one medium every hop waits for all the others, and each frame crosses it twice.
  const crossings = link.kind === 'shared' ? 2 * nodes : 1;
  const hop = { ...link, bytesPerSecond: link.bytesPerSecond / crossings };
  const loads = cut.map((stages) =>
    stages.reduce(
      (sum, { from, to }) =>
        sum + layers.slice(from, to).reduce((seconds, layer) => seconds + workSeconds(layer), 0),
      0,
    ),
  );
  const { leastSeconds, pipelineSeconds } = scheduleBound(
    {
      layers,
      devices: loads.map(() => ({ flops: 1, memoryBytes: Infinity })),
      hops: loads.map(() => hop),
      microbatches,
    },
    { opening, workers: workers.map(([stage]) => stage!), closing, loads, memory: [] },
  );
  const least = Math.max(leastSeconds, microbatches * portSeconds(layers, cut, link));
  return { leastSeconds: least, usualSeconds: Math.max(least, pipelineSeconds) };
}

/** What one microbatch takes the busiest port to send, or the medium that all share to carry. */
function portSeconds(
  layers: readonly LayerCost[],
  cut: readonly (readonly Stage[])[],
  { kind, bytesPerSecond }: Setting['link'],
): number {
  const crossing = (layer: number): number =>
    layer < layers.length ? crossingBytes(layers, layer) : 0;
  // An activation behind each of its stages, and a gradient before it.
  const sent = cut.map((stages) =>
    stages.reduce((sum, { from, to }) => sum + crossing(from) + crossing(to), 0),
  );
  const carried =
    kind === 'shared' ? 2 * sent.reduce((sum, bytes) => sum + bytes, 0) : Math.max(...sent);
  return carried / bytesPerSecond;
}

const workSeconds = (layer: LayerCost): number =>
  layer.forwardFlops + layer.backwardFlops + layer.weightFlops;

/**
 * The costs of layers with seconds on this device in the place of operations; calls of the engine left
 * out, since how many there are depends on who holds what.
 */
function layerSeconds(
  training: RingTraining,
  { device }: Pick<Setting, 'device'>,
  rows: number,
): readonly LayerCost[] {
  const { layers, microbatches } = training.resolved;
  const last = layers.length - 1;
  // No gradient goes back beyond the first parameters, so what stands before them is costed with them.
  const first = Math.max(
    0,
    layers.findIndex(({ parameters }) => parameters.length > 0),
  );
  const seconds = (demand: Demand): number => secondsOf({ ...device.speed, runs: 0 }, demand);
  return layerCosts(training).map((cost, layer) => {
    if (layer < first) return { ...cost, forwardFlops: 0, backwardFlops: 0, weightFlops: 0 };
    const place = layer === last ? 'closing' : layer === first ? 'opening' : 'inner';
    const from = layer === first ? 0 : layer;
    const demands = new StageDemands(training, { place, from, to: layer + 1, window: 1 });
    const group = Math.min(cost.weightGroup, microbatches);
    const accumulates = group < microbatches;
    const weights =
      demands.units.length > 0 ? demands.weights(0, group * rows, accumulates) : noDemand;
    return {
      ...cost,
      forwardFlops: seconds(demands.forward(rows)),
      backwardFlops: seconds(demands.backward(rows)),
      weightFlops: seconds(weights) / group,
    };
  });
}
