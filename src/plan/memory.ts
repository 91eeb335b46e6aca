// The memory of a stage as a function of its window: what stays, and what each microbatch in flight
// adds. Values kept for weight gradients lie in whole groups of g microbatches, because one product
// takes a group's rows together.

import { crossingBytes } from './profile.ts';
import type { LayerCost, Span } from './profile.ts';

/** How many groups of g microbatches can be alive when `window` consecutive microbatches are. */
export const groupsHeld = (window: number, group: number): number =>
  Math.ceil((window - 1) / group) + 1;

/** Bytes of one layer: weights, gradients where any are computed, optimizer state, saved values. */
export function layerBytes(layer: LayerCost, window: number, microbatches: number): number {
  const { parameterBytes, optimizerBytes, savedBytes, weightFlops, weightGroup } = layer;
  const gradientBytes = weightFlops > 0 ? parameterBytes : 0;
  const groups = Math.min(groupsHeld(window, weightGroup), Math.ceil(microbatches / weightGroup));
  return parameterBytes + gradientBytes + optimizerBytes + groups * weightGroup * savedBytes;
}

/** Bytes of what crosses the cuts before and behind a span, for every microbatch in flight. */
export const crossingsBytes = (layers: readonly LayerCost[], span: Span, window: number): number =>
  window *
  (crossingBytes(layers, span.from) +
    (span.to < layers.length ? crossingBytes(layers, span.to) : 0));

/** Bytes of a stage with `window` of a step's `microbatches` in flight. */
export const stageBytes = (
  layers: readonly LayerCost[],
  span: Span,
  window: number,
  microbatches: number,
): number =>
  layers
    .slice(span.from, span.to)
    .reduce(
      (sum, layer) => sum + layerBytes(layer, window, microbatches),
      crossingsBytes(layers, span, window),
    );
