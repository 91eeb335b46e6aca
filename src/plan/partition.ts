// The cut: which node holds which layers. First the time of the slowest device or hop per microbatch
// is made least, within everybody's memory; then, among the cuts that reach it, the fullest memory.
// Layers are cut only directly before one with parameters, so that an activation function stays with
// the layer whose values it changes.

import { RingError } from '../errors.ts';
import { searchBorders } from './borders.ts';
import { layerBytes, crossingsBytes, stageBytes } from './memory.ts';
import { spanFlops, transferSeconds } from './profile.ts';
import type { PlanRequest, Span } from './profile.ts';
import { windowsOf } from './window.ts';

/** The layers of a stage and how many microbatches it may hold at once. */
export interface CutStage extends Span {
  readonly window: number;
}

export interface Cut {
  /** The master's first layers; empty on a node alone. */
  readonly opening: CutStage;
  readonly workers: readonly CutStage[];
  /** The master's last layers and the loss. */
  readonly closing: CutStage;
  /** Seconds of work per microbatch, by device. */
  readonly loads: readonly number[];
  /** Bytes, by device. */
  readonly memory: readonly number[];
}

/** The best cut of the layers over the devices. Errors: TOO_MANY_NODES, MEMORY. */
export function partition(request: PlanRequest): Cut {
  const { layers, devices, hops } = request;
  const nodes = devices.length;
  if (nodes === 1) return complete(request, [0]);

  // A block is a layer with parameters and what follows up to the next one; the first also has what
  // goes before.
  const starts = layers.flatMap((layer, index) => (layer.trainable ? [index] : []));
  const blocks = starts.length;
  if (nodes > blocks) throw tooManyNodes(nodes, blocks);
  const starting = [0, ...starts.slice(1), layers.length];
  const span = (from: number, to: number): Span => ({ from: starting[from]!, to: starting[to]! });

  const flops = sums(blocks, (block) => spanFlops(layers, span(block, block + 1)));
  const bytes = sums(blocks, (block) =>
    layers
      .slice(starting[block], starting[block + 1])
      .reduce((sum, layer) => sum + layerBytes(layer, 1, request.microbatches), 0),
  );
  /** What blocks [from, to) take at least, that is, with one microbatch at a time. */
  const leastBytes = (from: number, to: number): number =>
    bytes[to]! - bytes[from]! + crossingsBytes(layers, span(from, to), 1);
  const arrival = (device: number, block: number): number =>
    transferSeconds(layers, starting[block]!, hops[device - 1]);

  const borders = leastBorders(
    (worker, from, to) => ({
      seconds: Math.max(
        (flops[to]! - flops[from]!) / devices[worker]!.flops,
        arrival(worker, from),
      ),
      fullness: leastBytes(from, to) / devices[worker]!.memoryBytes,
    }),
    (opening, closing) => ({
      seconds: Math.max(
        (flops[opening]! + flops[blocks]! - flops[closing]!) / devices[0]!.flops,
        arrival(nodes, closing),
      ),
      fullness: (leastBytes(0, opening) + leastBytes(closing, blocks)) / devices[0]!.memoryBytes,
    }),
  );
  if (borders === undefined) throw doesNotFit(request, bytes[blocks]!);
  return complete(
    request,
    borders.map((block) => starting[block]!),
  );

  interface Charge {
    /** Per microbatch, of the device or of the hop that leads to it. */
    readonly seconds: number;
    /** Share of the device's memory. */
    readonly fullness: number;
  }

  function leastBorders(
    worker: (worker: number, from: number, to: number) => Charge,
    master: (opening: number, closing: number) => Charge,
  ): readonly number[] | undefined {
    const search = (value: (charge: Charge) => number): readonly number[] | undefined =>
      searchBorders({
        blocks,
        workers: nodes - 1,
        closingBlocks: blocks > nodes ? 1 : 0,
        worker: (...place) => value(worker(...place)),
        master: (...place) => value(master(...place)),
      });

    const fastest = search(({ seconds, fullness }) => (fullness <= 1 ? seconds : Infinity));
    if (fastest === undefined) return undefined;
    const tau = Math.max(
      master(fastest[0]!, fastest.at(-1)!).seconds,
      ...fastest.slice(1).map((to, index) => worker(index + 1, fastest[index]!, to).seconds),
    );
    return search(({ seconds, fullness }) =>
      seconds <= tau && fullness <= 1 ? fullness : Infinity,
    );
  }
}

/** Adds windows, loads and memory to the borders opening | worker 1 | … | closing. */
function complete(request: PlanRequest, borders: readonly number[]): Cut {
  const { layers, devices, microbatches } = request;
  const ends = [...borders, layers.length];
  const spans = ends.map((to, stage) => ({ from: ends[stage - 1] ?? 0, to }));

  // The stages in ring order; the last one is again on the master.
  const windows = windowsOf(request, spans);
  const stages = spans.map(({ from, to }, index) => ({ from, to, window: windows[index]! }));
  const held = devices.map((_, device) =>
    device === 0 ? [stages[0]!, stages.at(-1)!] : [stages[device]!],
  );
  const memory = held.map((each) =>
    each.reduce((sum, stage) => sum + stageBytes(layers, stage, stage.window, microbatches), 0),
  );
  if (memory.some((bytes, device) => bytes > devices[device]!.memoryBytes)) {
    throw doesNotFit(
      request,
      memory.reduce((sum, bytes) => sum + bytes, 0),
    );
  }
  const loads = held.map(
    (each, device) =>
      each.reduce((sum, stage) => sum + spanFlops(layers, stage), 0) / devices[device]!.flops,
  );
  return {
    opening: stages[0]!,
    workers: stages.slice(1, -1),
    closing: stages.at(-1)!,
    loads,
    memory,
  };
}

/** sums(n, f)[k] = f(0) + … + f(k - 1). */
function sums(count: number, value: (index: number) => number): readonly number[] {
  const result = [0];
  for (let index = 0; index < count; index++) result.push(result[index]! + value(index));
  return result;
}

const tooManyNodes = (nodes: number, blocks: number): RingError =>
  new RingError(
    'TOO_MANY_NODES',
    `the model has ${blocks} ${blocks === 1 ? 'layer' : 'layers'} with parameters, so a ring can ` +
      `use at most ${Math.max(1, blocks)} ${blocks > 1 ? 'nodes' : 'node'}, not ${nodes}: ` +
      'ask for fewer nodes or add layers',
  );

function doesNotFit({ devices }: PlanRequest, needed: number): RingError {
  const available = devices.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  const who =
    devices.length === 1 ? 'the only node has' : `the ${devices.length} nodes together have`;
  const why = needed > available ? '' : ', and no cut of the layers fits each of them';
  return new RingError(
    'MEMORY',
    `the model needs at least ${megabytes(needed)}, ${who} ${megabytes(available)}${why}: ` +
      'add nodes or memory, or make the batch or the model smaller',
  );
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
