// What a plan is made from: what each layer costs, and what each device and each hop of the ring can do.

/** What one layer costs for one microbatch. */
export interface LayerCost {
  readonly forwardFlops: number;
  /** The gradient of the layer's input. */
  readonly backwardFlops: number;
  /** The gradients of its parameters; 0 where there are none, and in forward-only passes. */
  readonly weightFlops: number;
  readonly parameterBytes: number;
  readonly optimizerBytes: number;
  /** What is kept from the way forward, and of gradients, until the layer's own are computed. */
  readonly savedBytes: number;
  /** What crosses a cut behind this layer; its gradient is as large. */
  readonly outputBytes: number;
  readonly trainable: boolean;
  /** How many microbatches' weight gradients are computed at once. */
  readonly weightGroup: number;
}

export interface Device {
  /** Measured speed, in floating-point operations a second. */
  readonly flops: number;
  readonly memoryBytes: number;
}

/** A hop between two neighbours, alike in both directions and both at once. */
export interface Hop {
  readonly bytesPerSecond: number;
  /** One way. */
  readonly latencySeconds: number;
}

export interface PlanRequest {
  readonly layers: readonly LayerCost[];
  /** In ring order, the master first. */
  readonly devices: readonly Device[];
  /** `hops[i]` leads from device i to the next one, the last back to the master; none for one device. */
  readonly hops: readonly Hop[];
  /** Microbatches of a step. */
  readonly microbatches: number;
}

/** Layers [from, to). */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** All work of a span, in operations for one microbatch. */
export const spanFlops = (layers: readonly LayerCost[], { from, to }: Span): number =>
  layers
    .slice(from, to)
    .reduce((sum, each) => sum + each.forwardFlops + each.backwardFlops + each.weightFlops, 0);

/** Bytes that cross a cut before `layer`, one way for one microbatch: none before the first. */
export const crossingBytes = (layers: readonly LayerCost[], layer: number): number =>
  layers[layer - 1]?.outputBytes ?? 0;

/** Time of one microbatch over a hop, one way and without latency. */
export const transferSeconds = (
  layers: readonly LayerCost[],
  layer: number,
  hop: Hop | undefined,
): number => (hop === undefined ? 0 : crossingBytes(layers, layer) / hop.bytesPerSecond);
