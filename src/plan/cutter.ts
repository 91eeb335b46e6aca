// From who is in the ring to who holds what, in the words of the nodes.

import { layerCosts } from '../model/layer-costs.ts';
import type { RingTraining } from '../model/training.ts';
import type { EngineDescription } from '../ports.ts';
import { partition } from './partition.ts';
import type { CutStage } from './partition.ts';
import type { Hop, LayerCost } from './profile.ts';

export interface CutterRequest {
  readonly training: RingTraining;
  /** In ring order, the master first. */
  readonly members: readonly {
    readonly flops: number;
    readonly memoryBytes: number;
    readonly engine: EngineDescription;
  }[];
  readonly purpose: 'train' | 'use';
  /** All nodes are on one machine: they share its memory, and links cost little. */
  readonly isLocal: boolean;
  /** What every hop can do, where it is known; otherwise it is assumed. */
  readonly hop?: Hop;
}

/** Assumed until links are measured: loopback, and a home network of 100 Mbit/s. */
const loopback: Hop = { bytesPerSecond: 1e9, latencySeconds: 1e-4 };
const homeNetwork: Hop = { bytesPerSecond: 12.5e6, latencySeconds: 1e-3 };

/** Of a device's memory, the share that a node may fill: the rest is for the system and the process … */
const usableShare = 0.7;
/** … which itself takes so much, with messages on their way, however little memory there is. */
const processBytes = 130e6;
/** What is tried at least, where next to nothing would be left. */
const leastShare = 0.3;
/** An engine's memory is addressed with 32 bits. */
const engineLimitBytes = 4 * 2 ** 30;

/** Only forward passes: no gradients, no optimizer, nothing saved. */
const forwardOnly = (cost: LayerCost): LayerCost => ({
  ...cost,
  backwardFlops: 0,
  weightFlops: 0,
  optimizerBytes: 0,
  savedBytes: 0,
});

/** Of the memory that a node has for itself, what its tensors may take. */
export const usableBytes = (memoryBytes: number): number =>
  Math.max(
    leastShare * memoryBytes,
    Math.min(usableShare * memoryBytes, memoryBytes - processBytes),
  );

type PlacedStage = CutStage & { readonly place: 'opening' | 'inner' | 'closing' };

/** Each member's stages, the master's closing stage last. Errors: TOO_MANY_NODES, MEMORY. */
export function cutStages(request: CutterRequest): PlacedStage[][] {
  const { training, members, purpose, isLocal } = request;
  const { microbatches } = training.resolved;
  const costs = layerCosts(training).map((cost, layer) => ({
    ...cost,
    weightGroup: training.resolved.layers[layer]!.weightGroup,
  }));
  const layers = purpose === 'train' ? costs : costs.map(forwardOnly);
  const sharing = isLocal ? members.length : 1;
  const devices = members.map(({ flops, memoryBytes }) => ({
    flops,
    memoryBytes: Math.min(usableBytes(memoryBytes / sharing), engineLimitBytes),
  }));
  const hop = request.hop ?? (isLocal ? loopback : homeNetwork);
  const hops = members.length > 1 ? members.map(() => hop) : [];
  const { opening, workers, closing } = partition({ layers, devices, hops, microbatches });
  const closed = { place: 'closing' as const, ...closing };
  const own = members.length === 1 ? [closed] : [{ place: 'opening' as const, ...opening }, closed];
  return [own, ...workers.map((stage) => [{ place: 'inner' as const, ...stage }])];
}
