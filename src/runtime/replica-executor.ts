// Carries out the works of a replica on a real engine: the whole model in blocks, each a stage of its
// own over one memory, so that the output of a block is the input of the next where it stands.

import { RingError } from '../errors.ts';
import { elementCount } from '../graph/graph.ts';
import { countCorrect } from '../model/accuracy.ts';
import { checkTargets } from '../model/targets.ts';
import { parseRingTraining } from '../model/training.ts';
import type { RingTraining } from '../model/training.ts';
import type { Block, Executor, Microbatch, Work, WorkResult } from '../node.ts';
import type { Dataset, Engine, Samples } from '../ports.ts';
import { tensorPayload } from '../protocol/messages.ts';
import type { TensorPayload } from '../protocol/messages.ts';
import { blocksOf, withShare } from '../machine/replica-blocks.ts';
import { SampleTable, samplesPayload } from './sample-table.ts';
import { SliceMemory } from './slice-memory.ts';
import { openStages } from './stage-engine.ts';
import type { Running, StageEngine } from './stage-engine.ts';
import { StageMemory } from './stage-memory.ts';
import type { StagePlaces } from './stage-places.ts';
import { bytesOf } from './bytes.ts';
import { Turns } from './turns.ts';

type WorkOf<Kind extends Work['kind']> = Extract<Work, { kind: Kind }>;

/** Which samples make the batch of a step, in order: it follows from the training alone. */
export type Order = (training: RingTraining) => (step: number) => ArrayLike<number>;

/** The samples themselves, where they are: on the master. */
export interface ReplicaSources {
  readonly train: Dataset;
  readonly evaluate?: Dataset;
}

export class ReplicaExecutor implements Executor {
  readonly #engine: Engine;
  readonly #order: Order;
  readonly #sources: ReplicaSources | undefined;
  #training!: RingTraining;
  #batchOf!: (step: number) => ArrayLike<number>;
  #table!: SampleTable;
  #slices!: SliceMemory;
  #stages: readonly StageEngine[] = [];
  #targets: Samples['targets'];
  readonly #turns = new Turns();
  /** The end of all that the engine has been given. */
  #running: Promise<unknown> = Promise.resolve();

  /** Without `sources`, the samples are those that the worker is sent. */
  constructor(engine: Engine, order: Order, sources?: ReplicaSources) {
    this.#engine = engine;
    this.#order = order;
    this.#sources = sources;
  }

  async run(work: Work): Promise<WorkResult> {
    switch (work.kind) {
      case 'prepareReplica':
        return this.#turns.take(() => this.#prepare(work));
      case 'forwardBlock':
        return this.#forward(work);
      case 'lossBlock':
        return this.#loss(work);
      case 'backwardBlock':
        await this.#done(() => this.#stages[work.block]!.backward(work.of, {}));
        return {};
      case 'weightsBlock':
        return this.#weights(work);
      case 'readSlices':
        return { payload: await this.#slices.read(work.slices) };
      case 'addSlices':
        await this.#done(() => this.#slices.add(work.slices, work.payload));
        return { payload: await this.#slices.read(work.slices) };
      case 'writeSlices':
        await this.#turns.take(() => this.#slices.write(work.slices, work.payload));
        return {};
      case 'replicaNorms':
        return this.#norms();
      case 'update':
        await this.#all((stage) => stage.update(work.scalars));
        return {};
      case 'read':
        return this.#turns.take(async () => ({
          payload: tensorPayload(await this.#holder(work.layer).readLayer(work.layer)),
        }));
      case 'write':
        return this.#turns.take(async () => {
          const { tensors } = work.payload as TensorPayload;
          await this.#holder(work.layer).writeLayer(work.layer, tensors);
          return {};
        });
      case 'readSamples': {
        const samples = await this.#sources!.train.read(work.indices);
        return { payload: samplesPayload(work.indices, samples, this.#training.resolved.data) };
      }
      case 'keepSamples':
        this.#table.add(work.payload as TensorPayload);
        work.payload.release?.();
        return {};
      default:
        throw new RingError('GRAPH', `a replica does not know the work ${work.kind}`);
    }
  }

  // ---------------------------------------------------------------------------------- order

  async #done(give: () => Promise<Running>): Promise<void> {
    const { finished } = await this.#turns.take(async () => {
      const running = await give();
      this.#running = running.finished.catch(() => undefined);
      return running;
    });
    await finished;
  }

  /** The same work for every block, given at once. */
  async #all(give: (stage: StageEngine) => Promise<Running>): Promise<void> {
    await this.#done(async () => {
      const given: Promise<unknown>[] = [];
      for (const stage of this.#stages) given.push((await give(stage)).finished);
      return { finished: Promise.all(given) };
    });
  }

  // ------------------------------------------------------------------------------ preparing

  async #prepare(work: WorkOf<'prepareReplica'>): Promise<WorkResult> {
    const parsed = parseRingTraining(work.training);
    const { rows, microbatches } = work;
    if (rows > parsed.resolved.batch || microbatches > parsed.resolved.batch)
      throw new RingError('PROTOCOL', `a share of ${microbatches} x ${rows} rows is no share`);
    const training = withShare(parsed, rows, microbatches);
    this.#training = training;
    this.#batchOf = this.#order(training);
    this.#table = new SampleTable(training.resolved.data);
    // A microbatch begins when the one before is done: one place for each value is enough.
    const memory = new StageMemory(this.#engine, 1, rows);
    this.#slices = new SliceMemory(this.#engine, memory);
    this.#stages = await openStages(this.#engine, training, blocksOf(training), 'train', memory);
    const blocks = this.#stages.map(({ units, places }): Block => ({
      group: units[0] ?? 1,
      parameters: places.parameters.map(({ name, type }) => ({
        name,
        count: elementCount(type.shape),
      })),
    }));
    return { prepared: { bytes: this.#engine.allocatedBytes, units: {} }, blocks };
  }

  // ------------------------------------------------------------------------------ computing

  async #forward({ block, of }: WorkOf<'forwardBlock'>): Promise<WorkResult> {
    const mode = of.mode === 'train' ? 'train' : 'predict';
    const begin = this.#beginning(block, of);
    await this.#done(async () => this.#stages[block]!.forward(of, mode, await begin()));
    return {};
  }

  async #loss({ block, of, batch }: WorkOf<'lossBlock'>): Promise<WorkResult> {
    const stage = this.#stages[block]!;
    const begin = this.#beginning(block, of);
    let targets: Float32Array | Int32Array;
    await this.#done(async () => {
      const given = await begin();
      targets = this.#targets!;
      const scale = bytesOf(Float32Array.of(1 / batch));
      return stage.forward(of, of.mode, { ...given, target: bytesOf(targets), scale });
    });
    const loss = await stage.places.scalar('loss', of.microbatch);
    if (of.mode === 'train') return { loss };
    const output = await stage.places.values('output', of.microbatch, of.rows);
    const correct = countCorrect(this.#training.loss, output, targets!);
    return correct === undefined ? { loss } : { loss, correct };
  }

  /**
   * What a microbatch begins with in the first block: its samples, which are read while the engine is
   * still at what came before. Their place is free when that is done.
   */
  #beginning(block: number, of: Microbatch): () => Promise<Record<string, Uint8Array>> {
    if (block > 0) return async () => ({});
    const read = this.#read(of);
    read.catch(() => undefined);
    return async () => {
      const { inputs, targets } = await read;
      checkTargets(this.#training, targets!, (row) => this.#nameOf(of, row));
      await this.#running;
      this.#targets = targets;
      return { [this.#stages[0]!.places.inputs[0]!.name]: bytesOf(inputs) };
    };
  }

  async #read({ mode, step, position, rows }: Microbatch): Promise<Samples> {
    const places = Array.from({ length: rows }, (_, row) => position + row);
    if (mode === 'evaluate') return this.#sources!.evaluate!.read(places);
    const batch = this.#batchOf(step);
    const source = this.#sources?.train ?? this.#table;
    return source.read(places.map((place) => batch[place]!));
  }

  #nameOf({ mode, step, position }: Microbatch, row: number): string {
    if (mode === 'evaluate') return `test sample ${position + row}`;
    return `training sample ${this.#batchOf(step)[position + row]}`;
  }

  async #weights({ block, first, rows, outgoing }: WorkOf<'weightsBlock'>): Promise<WorkResult> {
    const stage = this.#stages[block]!;
    if (rows === 0) await this.#turns.take(() => stage.places.clearGradients());
    else if (stage.units.length > 0) await this.#done(() => stage.weights(0, first, rows));
    if (!outgoing) return {};
    return { payloads: await Promise.all(outgoing.map((slices) => this.#slices.read(slices))) };
  }

  async #norms(): Promise<WorkResult> {
    await this.#all((stage) => stage.norms());
    const squaredNorms: number[] = [];
    for (const stage of this.#stages) squaredNorms.push(...(await stage.places.readNorms()));
    return { squaredNorms };
  }

  /** Errors: PROTOCOL when there is no such layer. */
  #holder(layer: number): StagePlaces {
    for (const each of this.#stages)
      if (each.stage.from <= layer && layer < each.stage.to) return each.places;
    throw new RingError('PROTOCOL', `the model has no layer ${layer}`);
  }
}
