import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { RingError } from '../errors.ts';
import { stageBytes } from './memory.ts';
import { partition } from './partition.ts';
import type { Cut } from './partition.ts';
import type { Device, Hop, LayerCost, PlanRequest, Span } from './profile.ts';

const dense = (flops: number, more: Partial<LayerCost> = {}): LayerCost => ({
  forwardFlops: flops,
  backwardFlops: flops,
  weightFlops: flops,
  parameterBytes: 100,
  optimizerBytes: 0,
  savedBytes: 10,
  outputBytes: 10,
  trainable: true,
  weightGroup: 1,
  ...more,
});

const activation = (flops: number, more: Partial<LayerCost> = {}): LayerCost =>
  dense(flops, { weightFlops: 0, parameterBytes: 0, trainable: false, ...more });

const relu = activation(0.5);

const device: Device = { flops: 1, memoryBytes: 1e9 };
const fast: Hop = { bytesPerSecond: 1e9, latencySeconds: 0 };

const request = (
  layers: readonly LayerCost[],
  nodes: number,
  more: Partial<PlanRequest> = {},
): PlanRequest => ({
  layers,
  devices: Array.from({ length: nodes }, () => device),
  hops: Array.from({ length: nodes > 1 ? nodes : 0 }, () => fast),
  microbatches: 4,
  ...more,
});

const spans = (cut: Cut): number[][] =>
  [cut.opening, ...cut.workers, cut.closing].map(({ from, to }) => [from, to]);

describe('the cut', () => {
  test('of a node alone is one closing stage with everything', () => {
    const cut = partition(request([dense(1), relu, dense(1)], 1));
    expect(spans(cut)).toEqual([
      [0, 0],
      [0, 3],
    ]);
    expect(cut.loads).toEqual([7]);
    expect(cut.workers).toEqual([]);
  });

  test('closes the ring on the master and leaves what follows a layer with it', () => {
    const layers = [relu, dense(1), relu, dense(2), relu, dense(2), relu, dense(1)];
    expect(spans(partition(request(layers, 3)))).toEqual([
      [0, 3],
      [3, 5],
      [5, 7],
      [7, 8],
    ]);
  });

  test('leaves the closing stage the loss alone when there is a layer for each node and no more', () => {
    const layers = [dense(1), relu, dense(1), relu];
    expect(spans(partition(request(layers, 2)))).toEqual([
      [0, 2],
      [2, 4],
      [4, 4],
    ]);
  });

  test('gives more to a faster device, and cuts where little crosses a slow hop', () => {
    const layers = Array.from({ length: 8 }, () => dense(1));
    const devices = [device, { ...device, flops: 3 }, device];
    const cut = partition(request(layers, 3, { devices }));
    expect(cut.workers.map(({ from, to }) => to - from)).toEqual([4, 2]);

    const narrow = layers.map((_, i) => dense(1, { outputBytes: i === 3 ? 10 : 1e4 }));
    const hops = [fast, { ...fast, bytesPerSecond: 10 }, fast];
    expect(partition(request(narrow, 3, { hops })).workers[0]!.to).toBe(4);
  });

  test('moves layers away from a device that cannot hold them', () => {
    const layers = Array.from({ length: 6 }, () => dense(1));
    const devices = [device, { ...device, memoryBytes: 300 }, device];
    const { workers, memory } = partition(request(layers, 3, { devices }));
    expect(workers[0]!.to - workers[0]!.from).toBe(1);
    expect(memory[1]).toBeLessThanOrEqual(300);
  });

  test('refuses more nodes than layers with parameters', () => {
    const layers = [dense(1), relu, dense(1), relu, dense(1)];
    expect(() => partition(request(layers, 5))).toThrow(
      new RingError(
        'TOO_MANY_NODES',
        'the model has 3 layers with parameters, so a ring can use at most 3 nodes, not 5: ' +
          'ask for fewer nodes or add layers',
      ),
    );
    expect(() => partition(request([relu], 2))).toThrow(/has 0 layers .* at most 1 node, not 2/);
    expect(spans(partition(request([relu], 1))).at(-1)).toEqual([0, 1]);
  });

  test.each([1, 2])('says what %i nodes lack when the model does not fit', (nodes) => {
    const layers = Array.from({ length: 3 }, () => dense(1, { parameterBytes: 5e6 }));
    const devices = Array.from({ length: nodes }, () => ({ flops: 1, memoryBytes: 1e7 }));
    expect(() => partition(request(layers, nodes, { devices }))).toThrow(
      expect.objectContaining({
        code: 'MEMORY',
        message: expect.stringMatching(/needs at least 30\.0 MB, .* 10\.0 MB|20\.0 MB/),
      }),
    );
  });

  test('says so when there is memory enough but not in the right places', () => {
    const layers = [dense(1), dense(1, { parameterBytes: 5e6 }), dense(1)];
    const devices = Array.from({ length: 2 }, () => ({ flops: 1, memoryBytes: 9e6 }));
    expect(() => partition(request(layers, 2, { devices }))).toThrow(/no cut of the layers fits/);
  });

  test('is as good as any that an exhaustive search finds', () => {
    fc.assert(
      fc.property(instance, (given) => {
        const cut = cutOf(given);
        const stages = cut && [cut.opening, ...cut.workers, cut.closing];
        expect(stages && judge(given, stages)).toEqual(exhaustive(given));
        expect(cutOf(given)).toEqual(cut);
        cut?.memory.forEach((bytes, i) => {
          expect(bytes).toBeLessThanOrEqual(given.devices[i]!.memoryBytes);
        });
      }),
      { numRuns: 300 },
    );
  });

  test('of a deep model over many devices is found quickly', () => {
    const layers = Array.from({ length: 120 }, (_, i) => dense(1 + ((i * 7) % 5)));
    const cut = partition(request(layers, 16));
    const total = cut.loads.reduce((a, b) => a + b, 0);
    expect(Math.max(...cut.loads)).toBeLessThan((total / 16) * 1.25);
  });
});

const layer: fc.Arbitrary<LayerCost> = fc
  .record({
    flops: fc.nat(8),
    bytes: fc.nat(8),
    outputBytes: fc.nat(20),
    trainable: fc.boolean(),
    weightGroup: fc.constantFrom(1, 2, 4),
  })
  .map(({ flops, bytes, outputBytes, trainable, weightGroup }) =>
    trainable
      ? dense(flops, { parameterBytes: bytes, outputBytes, weightGroup, savedBytes: bytes })
      : activation(flops, { savedBytes: bytes, outputBytes }),
  );

const instance: fc.Arbitrary<PlanRequest> = fc.integer({ min: 1, max: 4 }).chain((nodes) =>
  fc.record({
    layers: fc
      .array(layer, { minLength: nodes, maxLength: 8 })
      .filter((layers) => nodes === 1 || layers.filter((each) => each.trainable).length >= nodes),
    devices: fc.array(
      fc.record({
        flops: fc.integer({ min: 1, max: 4 }),
        memoryBytes: fc.integer({ min: 50, max: 400 }),
      }),
      { minLength: nodes, maxLength: nodes },
    ),
    hops: fc.array(
      fc.record({ bytesPerSecond: fc.integer({ min: 1, max: 20 }), latencySeconds: fc.nat(3) }),
      { minLength: nodes, maxLength: nodes },
    ),
    microbatches: fc.integer({ min: 1, max: 5 }),
  }),
);

/** The cut; undefined when none fits. */
function cutOf(given: PlanRequest): Cut | undefined {
  try {
    return partition(given);
  } catch (error) {
    if (error instanceof RingError && error.code === 'MEMORY') return undefined;
    throw error;
  }
}

/** What is to be least, in this order: seconds per microbatch, then the fullest memory. */
interface Judgement {
  readonly seconds: number;
  readonly fullness: number;
}

/** Judges a cut straight from its definition; undefined when it does not fit. */
function judge(given: PlanRequest, stages: readonly Span[]): Judgement | undefined {
  const { layers, devices, hops, microbatches } = given;
  const held = devices.map((_, i) => (i === 0 ? [stages[0]!, stages.at(-1)!] : [stages[i]!]));
  const add = (numbers: number[]): number => numbers.reduce((a, b) => a + b, 0);
  const fullness = held.map(
    (each, i) =>
      add(each.map((span) => stageBytes(layers, span, 1, microbatches))) / devices[i]!.memoryBytes,
  );
  if (Math.max(...fullness) > 1) return undefined;
  const loads = held.map((each, i) => {
    const flops = each.flatMap(({ from, to }) =>
      layers.slice(from, to).map((l) => l.forwardFlops + l.backwardFlops + l.weightFlops),
    );
    return add(flops) / devices[i]!.flops;
  });
  const transfers =
    devices.length === 1
      ? []
      : stages
          .slice(1)
          .map(({ from }, hop) => layers[from - 1]!.outputBytes / hops[hop]!.bytesPerSecond);
  return { seconds: Math.max(...loads, ...transfers), fullness: Math.max(...fullness) };
}

/** The best judgement over every cut that the rules allow. */
function exhaustive(given: PlanRequest): Judgement | undefined {
  const { layers, devices } = given;
  const nodes = devices.length;
  if (nodes === 1)
    return judge(given, [
      { from: 0, to: 0 },
      { from: 0, to: layers.length },
    ]);
  const trainable = (span: Span): number =>
    layers.slice(span.from, span.to).filter((each) => each.trainable).length;
  const spare = trainable({ from: 0, to: layers.length }) > nodes;

  let best: Judgement | undefined;
  const extend = (stages: readonly Span[], from: number): void => {
    if (stages.length === nodes) {
      const closing = { from, to: layers.length };
      if (spare ? trainable(closing) === 0 : from < layers.length) return;
      const found = judge(given, [...stages, closing]);
      if (found === undefined) return;
      const better =
        best === undefined ||
        found.seconds < best.seconds ||
        (found.seconds === best.seconds && found.fullness < best.fullness);
      if (better) best = found;
      return;
    }
    for (let to = from + 1; to <= layers.length; to++) {
      const allowed = to === layers.length || layers[to]!.trainable;
      if (allowed && trainable({ from, to }) > 0) extend([...stages, { from, to }], to);
    }
  };
  extend([], 0);
  return best;
}
