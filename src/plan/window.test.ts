import { describe, expect, test } from 'vitest';

import { groupsHeld, stageBytes } from './memory.ts';
import { partition } from './partition.ts';
import type { LayerCost, PlanRequest } from './profile.ts';
import { scheduleBound } from './schedule-bound.ts';

const layer: LayerCost = {
  forwardFlops: 1,
  backwardFlops: 1,
  weightFlops: 1,
  parameterBytes: 100,
  optimizerBytes: 200,
  savedBytes: 10,
  outputBytes: 4,
  trainable: true,
  weightGroup: 4,
};

/** A ring of `nodes` equal devices with two layers each: one in each of the master's stages. */
const even = (nodes: number, more: Partial<PlanRequest> = {}): PlanRequest => ({
  layers: Array.from({ length: 2 * nodes }, () => layer),
  devices: Array.from({ length: nodes }, () => ({ flops: 6, memoryBytes: 1e6 })),
  hops: Array.from({ length: nodes }, () => ({ bytesPerSecond: Infinity, latencySeconds: 0 })),
  microbatches: 16,
  ...more,
});

const windows = (request: PlanRequest): number[] => {
  const { opening, workers, closing } = partition(request);
  return [opening, ...workers, closing].map(({ window }) => window);
};

describe('windows', () => {
  test('are all microbatches of a step', () => {
    expect(windows(even(4))).toEqual([16, 16, 16, 16, 16]);
    expect(windows(even(4, { microbatches: 2 }))).toEqual([2, 2, 2, 2, 2]);
  });

  test('are at most what memory holds, and the cut says what that is', () => {
    const devices = Array.from({ length: 4 }, (_, i) => ({
      flops: 6,
      memoryBytes: i === 1 ? 900 : 1e6,
    }));
    const request = even(4, { devices });
    const cut = partition(request);
    expect(cut.workers[0]!.window).toBe(1);
    expect(cut.memory[1]).toBe(stageBytes(request.layers, cut.workers[0]!, 1, 16));
  });
});

describe('memory', () => {
  test('is left for what waits to be sent or computed with', () => {
    const memoryBytes = 1248;
    const devices = Array.from({ length: 4 }, (_, i) => ({
      flops: 6,
      memoryBytes: i === 1 ? memoryBytes : 1e6,
    }));
    const request = even(4, { devices });
    const { workers } = partition(request);
    expect(stageBytes(request.layers, workers[0]!, 16, 16)).toBe(memoryBytes);
    // Twice 4 bytes in and 4 out for each microbatch.
    expect(stageBytes(request.layers, workers[0]!, 9, 16) + 9 * 8).toBeLessThan(memoryBytes);
    expect(workers[0]!.window).toBe(9);
  });

  test('counts weights, gradients, optimizer state, groups of saved values and crossings', () => {
    const layers = [layer, layer, layer];
    const span = { from: 1, to: 2 };
    expect(stageBytes(layers, span, 1, 16)).toBe(100 + 100 + 200 + 4 * 10 + 1 * 8);
    expect(stageBytes(layers, span, 2, 16)).toBe(400 + 8 * 10 + 2 * 8);
    expect(stageBytes(layers, { from: 0, to: 3 }, 1, 16)).toBe(3 * 440);
  });

  test('counts no gradients where none are computed, and no more groups than a step has', () => {
    expect(stageBytes([{ ...layer, weightFlops: 0 }], { from: 0, to: 1 }, 1, 16)).toBe(340);
    expect(stageBytes([layer], { from: 0, to: 1 }, 4, 4)).toBe(440);
  });

  test('holds as many groups as consecutive microbatches can touch', () => {
    expect([1, 2, 4, 5, 6].map((window) => groupsHeld(window, 4))).toEqual([1, 2, 2, 2, 3]);
    expect([1, 2, 3].map((window) => groupsHeld(window, 1))).toEqual([1, 2, 3]);
  });
});

describe('the bound of a step', () => {
  test('is all the work on a node alone', () => {
    const request = even(1, { hops: [] });
    const bound = scheduleBound(request, partition(request));
    expect(bound).toEqual({ pipelineSeconds: 16, leastSeconds: 16, speedup: 1 });
  });

  test('of two even devices is below two devices’ worth, by the flush', () => {
    const request = even(2);
    const bound = scheduleBound(request, partition(request));
    // 16 microbatches of a second each, and the opening stage's forward before the worker begins.
    expect(bound.leastSeconds).toBeCloseTo(16 + 1 / 6);
    expect(bound.pipelineSeconds).toBeCloseTo(15 + 2);
    expect(bound.speedup).toBeCloseTo(32 / (16 + 1 / 6));
  });

  test('of one microbatch is its whole way round', () => {
    const hops = Array.from({ length: 3 }, () => ({ bytesPerSecond: 8, latencySeconds: 1 }));
    const request = even(3, { hops, microbatches: 1 });
    const bound = scheduleBound(request, partition(request));
    expect(bound.leastSeconds).toBeCloseTo(3 + 3 * 2 * 1.5);
    expect(bound.pipelineSeconds).toBeCloseTo(bound.leastSeconds);
  });
});
