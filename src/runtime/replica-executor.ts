// Carries out the works of a replica on a real engine: the whole model in blocks, each a stage of its
// own over one memory, so that the output of a block is the input of the next where it stands.

import { RingError } from '../errors.ts';
import { GraphBuilder } from '../graph/builder.ts';
import type { TensorType } from '../graph/graph.ts';
import { countCorrect } from '../model/accuracy.ts';
import { parseRingTraining } from '../model/training.ts';
import type { RingTraining } from '../model/training.ts';
import type {
  Block,
  Executor,
  Microbatch,
  Payload,
  Place,
  Slice,
  Work,
  WorkResult,
} from '../node.ts';
import type { Dataset, Engine, Program, Samples, Tensor } from '../ports.ts';
import { tensorPayload } from '../protocol/messages.ts';
import type { TensorPayload } from '../protocol/messages.ts';
import { SampleTable, samplesPayload } from './sample-table.ts';
import { placeStages, StageEngine } from './stage-engine.ts';
import type { Running } from './stage-engine.ts';
import { StageMemory } from './stage-memory.ts';

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
  #memory!: StageMemory;
  #stages: readonly StageEngine[] = [];
  #targets: Samples['targets'];
  readonly #additions = new Map<number, Promise<Program>>();
  readonly #scratch: Tensor[] = [];
  #turn: Promise<unknown> = Promise.resolve();
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
        return this.#inTurn(() => this.#prepare(work));
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
        return { payload: await this.#payloadOf(work.slices) };
      case 'addSlices':
        return this.#add(work);
      case 'writeSlices':
        return this.#inTurn(() => this.#write(work));
      case 'replicaNorms':
        return this.#norms();
      case 'update':
        await this.#all((stage) => stage.update(work.scalars));
        return {};
      case 'read':
        return this.#inTurn(async () => ({
          payload: tensorPayload(await this.#holder(work.layer).readLayer(work.layer)),
        }));
      case 'write':
        return this.#inTurn(async () => {
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
        return {};
      default:
        throw new RingError('GRAPH', `a replica does not know the work ${work.kind}`);
    }
  }

  // ---------------------------------------------------------------------------------- order

  /** Works are given to the engine in the order in which they come, however long each has to wait for its data. */
  #inTurn<Value>(give: () => Promise<Value>): Promise<Value> {
    const given = this.#turn.then(give);
    this.#turn = given.catch(() => undefined);
    return given;
  }

  async #done(give: () => Promise<Running>): Promise<void> {
    const { finished } = await this.#inTurn(async () => {
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
    this.#memory = new StageMemory(this.#engine, 1, rows);
    this.#stages = blockBorders(training).map(
      (stage) => new StageEngine(this.#engine, training, stage, 'train', this.#memory),
    );
    placeStages(this.#stages, this.#memory);
    for (const stage of this.#stages) {
      await stage.compile();
      await stage.initialise();
    }
    const blocks = this.#stages.map(({ units, parameters }): Block => ({
      group: units[0] ?? 1,
      parameters: parameters.map(({ name, type }) => ({
        name,
        count: type.shape.reduce((a, b) => a * b, 1),
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
    const loss = await stage.scalar('loss', of.microbatch);
    if (of.mode === 'train') return { loss };
    const output = await stage.values('output', of.microbatch, of.rows);
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
      await this.#running;
      this.#targets = targets;
      return { [this.#stages[0]!.inputs[0]!.name]: bytesOf(inputs) };
    };
  }

  async #read({ mode, step, position, rows }: Microbatch): Promise<Samples> {
    const places = Array.from({ length: rows }, (_, row) => position + row);
    if (mode === 'evaluate') return this.#sources!.evaluate!.read(places);
    const batch = this.#batchOf(step);
    const source = this.#sources?.train ?? this.#table;
    return source.read(places.map((place) => batch[place]!));
  }

  async #weights({ block, first, rows, outgoing }: WorkOf<'weightsBlock'>): Promise<WorkResult> {
    const stage = this.#stages[block]!;
    if (rows === 0) await this.#inTurn(() => stage.clearGradients());
    else if (stage.units.length > 0) await this.#done(() => stage.weights(0, first, rows));
    if (!outgoing) return {};
    return { payloads: await Promise.all(outgoing.map((slices) => this.#payloadOf(slices))) };
  }

  async #norms(): Promise<WorkResult> {
    await this.#all((stage) => stage.norms());
    const squaredNorms: number[] = [];
    for (const stage of this.#stages) squaredNorms.push(...(await stage.readNorms()));
    return { squaredNorms };
  }

  // --------------------------------------------------------------------------------- slices

  /** Errors: PROTOCOL for a slice of something that there is not. */
  #slice({ name, first, count }: Slice): Tensor {
    const whole = this.#memory.has(name) ? this.#memory.resident(name) : undefined;
    const length = whole?.type.shape.reduce((a, b) => a * b, 1) ?? 0;
    if (!whole || first < 0 || first + count > length)
      throw new RingError('PROTOCOL', `there are no ${count} elements of ${name} from ${first} on`);
    return { offset: whole.offset + 4 * first, type: flat(count) };
  }

  async #payloadOf(slices: readonly Slice[]): Promise<Payload> {
    const tensors = slices.map(async (slice) => {
      const tensor = this.#slice(slice);
      const bytes = this.#engine.view(tensor) ?? (await this.#engine.read(tensor));
      return { name: slice.name, type: tensor.type, bytes };
    });
    return tensorPayload(await Promise.all(tensors));
  }

  async #write({ slices, payload }: WorkOf<'writeSlices'>): Promise<WorkResult> {
    const given = received(slices, payload);
    for (const [index, slice] of slices.entries())
      await this.#engine.write(this.#slice(slice), given[index]!);
    return {};
  }

  async #add({ slices, payload }: WorkOf<'addSlices'>): Promise<WorkResult> {
    const given = received(slices, payload);
    const used: Tensor[] = [];
    await this.#done(async () => {
      const calls = [];
      for (const [index, slice] of slices.entries()) {
        const sum = this.#slice(slice);
        const addend = this.#takeScratch(slice.count);
        used.push(addend.whole);
        const view = this.#engine.view(addend.tensor);
        if (view) view.set(given[index]!);
        else await this.#engine.write(addend.tensor, given[index]!);
        const program = await this.#addition(slice.count);
        calls.push({ program, inputs: [sum, addend.tensor], outputs: [sum] });
      }
      return { finished: this.#engine.run(calls) };
    });
    this.#scratch.push(...used);
    return { payload: await this.#payloadOf(slices) };
  }

  /** A tensor of so many elements that nothing uses, in one that may be larger. */
  #takeScratch(count: number): { readonly whole: Tensor; readonly tensor: Tensor } {
    const place = this.#scratch.findIndex(({ type }) => type.shape[0]! >= count);
    const [found] = place < 0 ? [] : this.#scratch.splice(place, 1);
    const whole = found ?? this.#engine.allocate(flat(count));
    return { whole, tensor: { offset: whole.offset, type: flat(count) } };
  }

  #addition(count: number): Promise<Program> {
    const known = this.#additions.get(count);
    if (known) return known;
    const builder = new GraphBuilder();
    const [a, b] = [builder.input('a', flat(count)), builder.input('b', flat(count))];
    const program = this.#engine.compile(builder.finish([builder.apply('Add', [a, b])]));
    this.#additions.set(count, program);
    return program;
  }

  /** Errors: PROTOCOL when there is no such layer. */
  #holder(layer: number): StageEngine {
    for (const each of this.#stages)
      if (each.stage.from <= layer && layer < each.stage.to) return each;
    throw new RingError('PROTOCOL', `the model has no layer ${layer}`);
  }
}

/** The training as a replica computes it: in microbatches of its share of the batch. */
function withShare(training: RingTraining, rows: number, microbatches: number): RingTraining {
  let largestGroup = 1;
  while (largestGroup < microbatches) largestGroup *= 2;
  const layers = training.resolved.layers.map((layer) => ({
    ...layer,
    weightGroup: Math.min(layer.weightGroup, largestGroup),
  }));
  return { ...training, resolved: { ...training.resolved, rows, microbatches, layers } };
}

/** The blocks of a model as stages that follow each other. */
function blockBorders({ resolved: { layers } }: RingTraining): StageEngine['stage'][] {
  const starts = layers.flatMap(({ parameters }, layer) => (parameters.length > 0 ? [layer] : []));
  const borders = [0, ...starts.slice(1), layers.length];
  return borders.slice(1).map((to, block) => {
    const isLast = block === borders.length - 2;
    const place: Place = isLast ? 'closing' : block === 0 ? 'opening' : 'inner';
    return { place, from: borders[block]!, to, window: 1 };
  });
}

/** The bytes for each slice. Errors: PROTOCOL when they are not as many as the slices take. */
function received(slices: readonly Slice[], payload: Payload): Uint8Array[] {
  const { tensors } = payload as TensorPayload;
  return slices.map(({ name, count }, index) => {
    const bytes = tensors[index]?.bytes;
    if (bytes?.length !== 4 * count)
      throw new RingError(
        'PROTOCOL',
        `${name} came with ${bytes?.length ?? 0} bytes, ${4 * count} are expected`,
      );
    return bytes;
  });
}

const flat = (count: number): TensorType => ({ type: 'float32', shape: [count] });

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Int32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
