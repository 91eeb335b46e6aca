// One model's training as the nodes of a run need it: masters, workers and the engines behind them,
// made anew as often as a device starts.

import { RingError } from '../../src/errors.ts';
import { createSampler } from '../../src/data/index.ts';
import { createInlineEngine } from '../../src/engine/inline.ts';
import { trainingCourse } from '../../src/machine/course.ts';
import type { Course } from '../../src/machine/course.ts';
import { learningRateAt } from '../../src/model/learning-rate.ts';
import { updateScalars } from '../../src/model/stage.ts';
import { parseTraining, resolveTraining, ringTraining } from '../../src/model/training.ts';
import type { ResolvedTraining } from '../../src/model/training.ts';
import { masterId } from '../../src/node.ts';
import type { NodeId, Stage } from '../../src/node.ts';
import type { Engine } from '../../src/ports.ts';
import type { MessageOf } from '../../src/protocol/messages.ts';
import type { Cutter } from '../../src/ring/formation.ts';
import { Master } from '../../src/ring/master.ts';
import type { MasterOptions } from '../../src/ring/master.ts';
import { Worker } from '../../src/ring/worker.ts';
import { EngineExecutor } from '../../src/runtime/executor.ts';
import { SampleReader } from '../../src/runtime/samples.ts';
import type { SimulatedProcess } from '../../src/simulator/simulator.ts';
import { Copying } from '../ring/real-ring.ts';
import { Draw } from './draw.ts';
import { drawModel } from './models.ts';

const engineDescription = { kind: 'wasm', name: 'wasm', threads: 1 } as const;
const capabilities = {
  cores: 1,
  memoryBytes: 1e9,
  flops: 1e9,
  version: '0',
  engine: engineDescription,
};

export interface CutOptions {
  /** Cuts and windows are drawn from it and from who is there. */
  readonly seed: number;
  readonly fewest: number;
}

export class Training {
  readonly resolved: ResolvedTraining;
  readonly layersWithParameters: readonly number[];
  readonly steps: number;
  readonly course: Course;
  readonly #samples: () => SampleReader;
  readonly #engines: Engine[] = [];

  constructor(model: number) {
    const { training, train, test } = drawModel(model);
    const resolved = resolveTraining(
      parseTraining({ data: { kind: 'digits' }, ...training }, 'test'),
      {
        inputShape: train.inputShape,
        target: train.target!,
        trainCount: train.count,
        ...(test && { testCount: test.count }),
      },
    );
    const { batch, layers, steps } = resolved.resolved;
    const sampler = createSampler(train.count, batch);
    const { stepsPerEpoch } = sampler;
    const order = (step: number): Uint32Array =>
      sampler.batchIndices(resolved.seed, Math.floor(step / stepsPerEpoch), step % stepsPerEpoch);
    this.resolved = resolved;
    this.steps = steps;
    this.layersWithParameters = layers.flatMap(({ parameters }, layer) =>
      parameters.length > 0 ? [layer] : [],
    );
    this.course = trainingCourse({
      trainCount: train.count,
      testCount: test?.count ?? 0,
      batch,
      steps,
    });
    this.#samples = () => new SampleReader({ train, order, ...(test && { evaluate: test }) });
  }

  async master(
    cut: CutOptions,
    options: Pick<MasterOptions, 'workers'> & Partial<MasterOptions>,
  ): Promise<SimulatedProcess> {
    const { resolved, steps } = this;
    const node = new Master({
      training: ringTraining(resolved),
      purpose: 'train',
      layersWithParameters: this.layersWithParameters,
      rows: resolved.resolved.rows,
      pace: { steps, layers: resolved.resolved.layers.map(() => ({ operations: 1, bytes: 100 })) },
      course: this.course,
      capabilities: { name: masterId, ...capabilities },
      cut: this.#cutter(cut),
      schedule: (step, factor) => {
        const learningRate = learningRateAt(resolved.learningRate, step, steps);
        return {
          learningRate,
          scalars: [...updateScalars(resolved, step + 1, learningRate, factor)],
        };
      },
      ...(resolved.clipNorm !== undefined && { clipNorm: resolved.clipNorm }),
      ...options,
    });
    return { node, executor: await this.#executor(this.#samples()) };
  }

  async worker(
    name: NodeId,
    holdings: Partial<Pick<MessageOf<'join'>, 'run' | 'holds'>>,
  ): Promise<SimulatedProcess> {
    const node = new Worker({ type: 'join', name, address: name, ...capabilities, ...holdings });
    return { node, executor: await this.#executor() };
  }

  async #executor(samples?: SampleReader): Promise<Copying> {
    const engine = await createInlineEngine();
    this.#engines.push(engine);
    return new Copying(new EngineExecutor(engine, samples));
  }

  async close(): Promise<void> {
    for (const engine of this.#engines.splice(0)) await engine.close();
  }

  /** Any cut will do, as long as the same members get the same; by measured speeds, a good one. */
  #cutter({ seed, fewest }: CutOptions): Cutter {
    const { layers, microbatches } = this.resolved.resolved;
    return (members) => {
      if (members.length < fewest)
        throw new RingError('MEMORY', `${members.length} nodes cannot hold it, ${fewest} can`);
      const stages = members.length === 1 ? 1 : members.length + 1;
      const starts = this.layersWithParameters;
      if (stages > starts.length)
        throw new RingError('TOO_MANY_NODES', `the model has no use for ${members.length} nodes`);
      const draw = new Draw(3, seed, ...Buffer.from(members.map(({ node }) => node).join(',')));
      const cut = (): readonly (readonly Stage[])[] => {
        const borders = [0, ...draw.some(starts.slice(1), stages - 1), layers.length];
        const stage = (place: Stage['place'], k: number): Stage => ({
          place,
          from: borders[k]!,
          to: borders[k + 1]!,
          window: draw.integer(1, microbatches),
        });
        if (stages === 1) return [[stage('closing', 0)]];
        const workers = members.slice(1).map((_, k) => [stage('inner', k + 1)]);
        return [[stage('opening', 0), stage('closing', stages - 1)], ...workers];
      };
      const isMeasured = members.some(({ flops }) => flops !== capabilities.flops);
      const cuts = Array.from({ length: isMeasured ? 20 : 1 }, cut);
      return cuts.toSorted((a, b) => slowest(members, a) - slowest(members, b))[0]!;
    };
  }
}

/** How long the slowest takes. */
const slowest = (
  members: readonly { readonly flops: number }[],
  cut: readonly (readonly Stage[])[],
): number => Math.max(...members.map(({ flops }, index) => layersIn(cut[index]!) / flops));

const layersIn = (stages: readonly Stage[]): number =>
  stages.reduce((sum, { from, to }) => sum + to - from, 0);
