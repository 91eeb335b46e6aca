// A device's constants from what its engine takes for the graphs of a few trainings: forward, backward,
// weight gradients and updates of every layer, at several numbers of rows. Nothing is learnt; what is in
// memory does not matter to how long it takes.

import type { Graph, TensorType } from '../graph/graph.ts';
import { deriveStage, stageNorms, stageUpdate } from '../model/stage.ts';
import type { RingTraining } from '../model/training.ts';
import type { Call, Engine, Tensor } from '../ports.ts';
import { demandOf, secondsOf } from './demand.ts';
import type { DeviceSpeed } from './demand.ts';
import { fitSpeed } from './fit.ts';
import type { TimedDemand } from './fit.ts';

export interface CalibrationOptions {
  readonly engine: Engine;
  readonly trainings: readonly RingTraining[];
  /** Rows of a microbatch. */
  readonly rows: readonly number[];
  readonly progress?: (done: number, of: number) => void;
}

export interface Calibration {
  readonly speed: DeviceSpeed;
  readonly samples: readonly TimedDemand[];
  /** The median of |fitted - timed| / timed. */
  readonly medianError: number;
}

/** A graph is run until it has taken so long, but at least so often. */
const enoughMilliseconds = 8;
const leastRuns = 3;

export async function calibrate({
  engine,
  trainings,
  rows,
  progress,
}: CalibrationOptions): Promise<Calibration> {
  const graphs = trainings.flatMap((training) =>
    rows.flatMap((count) => layerGraphs(training, count)),
  );
  const samples: TimedDemand[] = [];
  for (const [index, graph] of graphs.entries()) {
    samples.push({ demand: demandOf(graph), seconds: await secondsOfRun(engine, graph) });
    progress?.(index + 1, graphs.length);
  }
  const speed = fitSpeed(samples);
  return { speed, samples, medianError: medianError(speed, samples) };
}

/** The graphs of a training layer by layer, those without an operator left out. */
function layerGraphs(training: RingTraining, rows: number): Graph[] {
  const { layers } = training.resolved;
  return layers
    .flatMap((_, layer) => {
      const loss = layer === layers.length - 1;
      const request = { from: layer, to: layer + 1, loss, input: layer > 0 };
      const stage = deriveStage(training, request, rows, 'train');
      const { forward, backward, parameters, weightGradients } = stage;
      const weights = weightGradients.flatMap((unit) => {
        const { fresh, accumulate } = unit.graph(rows);
        return [fresh, accumulate];
      });
      const ends =
        parameters.length > 0
          ? [stageNorms(parameters), stageUpdate(training, parameters).graph]
          : [];
      return [forward, backward, ...weights, ...ends];
    })
    .filter((graph) => graph.outputs.length > 0 && demandOf(graph).operators > 0);
}

/** The shortest of several runs: whatever else the machine does only ever adds. */
async function secondsOfRun(engine: Engine, graph: Graph): Promise<number> {
  const program = await engine.compile(graph);
  const places = new Map<string, Tensor>();
  const placeOf = (name: string): Tensor => {
    const type: TensorType = graph.types[name]!;
    const place = places.get(name) ?? engine.allocate(type);
    places.set(name, place);
    return place;
  };
  const call: Call = {
    program,
    inputs: program.inputs.map(placeOf),
    outputs: program.outputs.map(placeOf),
  };
  try {
    let least = Infinity;
    let spent = 0;
    for (let run = 0; run < leastRuns || spent < enoughMilliseconds; run += 1) {
      const { milliseconds } = await engine.run([call]);
      // A clock too coarse for a small graph must not keep it running for ever.
      spent += Math.max(milliseconds, 0.01);
      least = Math.min(least, Math.max(milliseconds, 1e-4));
    }
    return least / 1000;
  } finally {
    for (const tensor of places.values()) engine.free(tensor);
    engine.release(program);
  }
}

function medianError(speed: DeviceSpeed, samples: readonly TimedDemand[]): number {
  const errors = samples.map(
    ({ demand, seconds }) => Math.abs(secondsOf(speed, demand) - seconds) / seconds,
  );
  return errors.toSorted((a, b) => a - b)[errors.length >> 1] ?? 0;
}
