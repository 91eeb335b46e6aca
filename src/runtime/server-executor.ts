// A shard of a parameter server on an engine: each key's slices as flat tensors, a program that adds a
// worker's gradient to the sum, and the optimizer's own graph over the slices, so that an update is the
// same arithmetic whether a stage or a shard makes it.

import { RingError } from '../errors.ts';
import { GraphBuilder } from '../graph/builder.ts';
import { byteLength, elementBytes } from '../graph/graph.ts';
import type { Graph, TensorType } from '../graph/graph.ts';
import { initialValues } from '../model/initialise.ts';
import { stageNorms, stageUpdate } from '../model/stage.ts';
import type { LayerTensor } from '../model/stage.ts';
import { parseRingTraining } from '../model/training.ts';
import type { RingTraining } from '../model/training.ts';
import type { Executor, Key, Payload, ShardWork, Slice, WorkResult } from '../node.ts';
import type { Call, Engine, Program, Tensor } from '../ports.ts';
import type { NamedTensor } from '../protocol/frame.ts';
import { tensorPayload } from '../protocol/messages.ts';
import type { TensorPayload } from '../protocol/messages.ts';

type WorkOf<Kind extends ShardWork['kind']> = Extract<ShardWork, { kind: Kind }>;

const shardWorks: ReadonlySet<string> = new Set<ShardWork['kind']>([
  'hold',
  'gather',
  'measure',
  'apply',
  'value',
  'surrender',
  'assemble',
]);

export const isShardWork = (work: { readonly kind: string }): work is ShardWork =>
  shardWorks.has(work.kind);

export class ServerExecutor {
  readonly #engine: Engine;
  readonly #keys = new Map<number, HeldKey>();
  #training: RingTraining | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Works are carried out one after the other, in the order in which they come. */
  run(work: ShardWork): Promise<WorkResult> {
    const done = this.#turn.then(() => this.#run(work));
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #run(work: ShardWork): Promise<WorkResult> {
    switch (work.kind) {
      case 'hold':
        return this.#hold(work);
      case 'gather':
        await this.#key(work.key).gather(work.payload as TensorPayload, work.isFirst);
        return {};
      case 'measure':
        return { squaredNorms: [await this.#key(work.key).measure()] };
      case 'apply': {
        const key = this.#key(work.key);
        const norm = await key.measure();
        if (!Number.isFinite(norm)) return { squaredNorms: [norm] };
        await key.update(work.scalars);
        return { squaredNorms: [norm], payload: await key.value() };
      }
      case 'value':
        return { payload: await this.#key(work.key).value() };
      case 'surrender': {
        const held = [...this.#keys.values()].filter(({ layer }) => layer === work.layer);
        const tensors: NamedTensor[] = [];
        for (const key of held) tensors.push(...(await key.surrender()));
        return { payload: tensorPayload(tensors) };
      }
      case 'assemble':
        return { payload: assemble(work) };
    }
  }

  async #hold({ training, keys }: WorkOf<'hold'>): Promise<WorkResult> {
    this.#training = parseRingTraining(training);
    const before = this.#engine.allocatedBytes;
    const initial = new InitialValues(this.#training);
    for (const key of keys) {
      const held = new HeldKey(this.#engine, this.#training, key);
      this.#keys.set(key.key, held);
      await held.initialise(initial);
    }
    return { prepared: { bytes: this.#engine.allocatedBytes - before, units: {} } };
  }

  /** Errors: PROTOCOL when another shard has the key. */
  #key(key: number): HeldKey {
    const held = this.#keys.get(key);
    if (!held)
      throw new RingError('PROTOCOL', `key ${key} was asked for here, where it is not held`);
    return held;
  }
}

/** Parameters of the seed; those of the last parameter are kept, since its slices come one after the other. */
class InitialValues {
  readonly #training: RingTraining;
  #last: { readonly name: string; readonly values: Float32Array } | undefined;

  constructor(training: RingTraining) {
    this.#training = training;
  }

  of(layer: number, { name, first, count }: Slice): Float32Array {
    if (this.#last?.name !== name) {
      const { parameters } = this.#training.resolved.layers[layer]!;
      const specification = parameters.find((each) => `${layer}.${each.name}` === name)!;
      this.#last = { name, values: initialValues(this.#training.seed, layer, specification) };
    }
    return this.#last.values.subarray(first, first + count);
  }
}

const nameOf = ({ name, first }: Slice): string => `${name}@${first}`;

const asBytes = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** One key's tensors and programs. */
class HeldKey {
  readonly layer: number;
  readonly #engine: Engine;
  readonly #slices: readonly Slice[];
  readonly #parameters: readonly LayerTensor[];
  readonly #state: readonly LayerTensor[];
  readonly #tensors = new Map<string, Tensor>();
  readonly #add: Promise<Program>;
  readonly #norm: Promise<Program>;
  readonly #update: Promise<Program>;
  readonly #replaces: ReadonlyMap<string, string>;

  constructor(engine: Engine, training: RingTraining, { layer, slices }: Key) {
    this.layer = layer;
    this.#engine = engine;
    this.#slices = slices;
    this.#parameters = slices.map((slice) => ({
      name: nameOf(slice),
      type: { type: 'float32', shape: [slice.count] },
      layer,
    }));
    const { graph, state, replaces } = stageUpdate(training, this.#parameters);
    this.#state = state;
    this.#replaces = new Map(replaces.map(({ input, output }) => [output, input]));
    for (const { name, type } of [...this.#parameters, ...state]) this.#place(name, type);
    for (const { name, type } of this.#parameters)
      for (const each of [`d/${name}`, `more/${name}`]) this.#place(each, type);
    this.#place('scalars', graph.types['scalars']!);
    this.#place(`norm/${layer}`, { type: 'float32', shape: [] });
    this.#add = engine.compile(additions(this.#parameters));
    this.#norm = engine.compile(stageNorms(this.#parameters));
    this.#update = engine.compile(graph);
  }

  #place(name: string, type: TensorType): void {
    this.#tensors.set(name, this.#engine.allocate(type));
  }

  async initialise(initial: InitialValues): Promise<void> {
    for (const slice of this.#slices)
      await this.#write(nameOf(slice), asBytes(initial.of(this.layer, slice)));
    for (const { name, type } of this.#state)
      await this.#write(name, new Uint8Array(byteLength(type)));
  }

  /** Errors: PROTOCOL when the tensors are not those of the key. */
  async gather(payload: TensorPayload, isFirst: boolean): Promise<void> {
    for (const [index, { name, type }] of this.#parameters.entries()) {
      const bytes = payload.tensors[index]?.bytes;
      if (bytes?.length !== byteLength(type))
        throw new RingError(
          'PROTOCOL',
          `the gradient of ${name} came with ${bytes?.length ?? 0} bytes, ${byteLength(type)} are expected`,
        );
      await this.#write(isFirst ? `d/${name}` : `more/${name}`, bytes);
    }
    payload.release?.();
    if (!isFirst) await this.#run(await this.#add, (name) => name.replace(/^sum\//, ''));
  }

  async measure(): Promise<number> {
    await this.#run(await this.#norm);
    const bytes = await this.#engine.read(this.#tensors.get(`norm/${this.layer}`)!);
    return new Float32Array(bytes.buffer, bytes.byteOffset, 1)[0]!;
  }

  async update(scalars: readonly number[]): Promise<void> {
    await this.#write('scalars', asBytes(Float32Array.from(scalars)));
    await this.#run(await this.#update, (name) => this.#replaces.get(name) ?? name);
  }

  /** A copy: the next update need not wait until the last worker has been sent this one. */
  async value(): Promise<Payload> {
    return tensorPayload(await this.#read(this.#parameters));
  }

  surrender(): Promise<NamedTensor[]> {
    return this.#read([...this.#parameters, ...this.#state]);
  }

  async #read(tensors: readonly LayerTensor[]): Promise<NamedTensor[]> {
    const read = tensors.map(async ({ name, type }) => ({
      name,
      type,
      bytes: await this.#engine.read(this.#tensors.get(name)!),
    }));
    return Promise.all(read);
  }

  #write(name: string, bytes: Uint8Array): Promise<void> {
    return this.#engine.write(this.#tensors.get(name)!, bytes);
  }

  async #run(program: Program, of: (name: string) => string = (name) => name): Promise<void> {
    const tensors = (names: readonly string[]): Tensor[] =>
      names.map((name) => this.#tensors.get(of(name))!);
    const call: Call = {
      program,
      inputs: tensors(program.inputs),
      outputs: tensors(program.outputs),
    };
    await this.#engine.run([call]);
  }
}

/** d/p = sum of d/p and more/p, in place. */
function additions(parameters: readonly LayerTensor[]): Graph {
  const builder = new GraphBuilder();
  const outputs = parameters.map(({ name, type }) => {
    const sum = builder.input(`sum/d/${name}`, type);
    const more = builder.input(`more/${name}`, type);
    return builder.name(builder.apply('Add', [sum, more]), `d/${name}`);
  });
  return builder.finish(outputs);
}

/** `3.weight@4096/mean`: what, from which element, which state of it. */
const sliceName = /^(.+)@(\d{1,15})(\/.+)?$/;

/** Errors: PROTOCOL when the pieces do not make up the layer. */
function assemble({ layer, pieces }: WorkOf<'assemble'>): Payload {
  const slices = pieces.flatMap((piece) =>
    (piece as TensorPayload).tensors.map(({ name, bytes }) => {
      const [, parameter = '', first = '', state = ''] = sliceName.exec(name) ?? [];
      return { name: `${parameter}${state}`, first: Number(first) * elementBytes, bytes };
    }),
  );
  const whole = new Map<string, { end: number; parts: typeof slices }>();
  for (const slice of slices.sort((a, b) => a.first - b.first)) {
    const { end, parts } = whole.get(slice.name) ?? { end: 0, parts: [] };
    if (slice.first !== end)
      throw new RingError('PROTOCOL', `the shards do not give layer ${layer} whole: ${slice.name}`);
    whole.set(slice.name, { end: end + slice.bytes.length, parts: [...parts, slice] });
  }
  return tensorPayload(
    [...whole].map(([name, { end, parts }]) => {
      const bytes = new Uint8Array(end);
      for (const part of parts) bytes.set(part.bytes, part.first);
      return { name, type: { type: 'float32', shape: [end / elementBytes] }, bytes };
    }),
  );
}

/** One executor for a device's works: those of its shard here, all others by `worker`. */
export const withShard = (server: ServerExecutor, worker: Executor): Executor => ({
  run: (work) => (isShardWork(work) ? server.run(work) : worker.run(work)),
});
