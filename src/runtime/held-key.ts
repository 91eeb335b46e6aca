// One key of a shard on an engine: its slices as flat tensors, a program that adds a worker's gradient to
// the sum, and the optimizer's own graph over the slices, so that an update is the same arithmetic
// whether a stage or a shard makes it.

import { RingError } from '../errors.ts';
import { GraphBuilder } from '../graph/builder.ts';
import { byteLength, elementBytes } from '../graph/graph.ts';
import type { Graph, TensorType } from '../graph/graph.ts';
import { initialValues } from '../model/initialise.ts';
import { stageNorms, stageUpdate } from '../model/stage.ts';
import type { LayerTensor } from '../model/stage.ts';
import type { RingTraining } from '../model/training.ts';
import type { Key, Payload, Slice } from '../node.ts';
import type { Call, Engine, Program, Tensor } from '../ports.ts';
import type { NamedTensor } from '../protocol/frame.ts';
import type { TensorPayload } from '../protocol/messages.ts';
import { bytesOf } from './bytes.ts';
import { Turns } from './turns.ts';
import { Versions } from './versions.ts';

/** Parameters of the seed; those of the last parameter are kept, since its slices come one after the other. */
export class InitialValues {
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

/** `3.weight@4096/mean`: what, from which element, which state of it. */
const sliceName = /^(.+)@(\d{1,15})(\/.+)?$/;

/** Of what such a tensor is a part, and from which byte on. */
export function partOf(name: string): { readonly whole: string; readonly first: number } {
  const [, parameter = '', first = '', state = ''] = sliceName.exec(name) ?? [];
  return { whole: `${parameter}${state}`, first: Number(first) * elementBytes };
}

/** One key's tensors and programs. */
export class HeldKey {
  readonly layer: number;
  readonly turns = new Turns();
  readonly #engine: Engine;
  readonly #slices: readonly Slice[];
  readonly #parameters: readonly LayerTensor[];
  readonly #state: readonly LayerTensor[];
  readonly #versions: Versions;
  /** All but the parameters. */
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
    this.#versions = new Versions(engine, this.#parameters);
    for (const { name, type } of state) this.#place(name, type);
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
      await this.#write(nameOf(slice), bytesOf(initial.of(this.layer, slice)));
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
    if (isFirst) return;
    const inPlace = (name: string): Tensor => this.#tensor(name.replace(/^sum\//, ''));
    await this.#engine.run([this.#call(await this.#add, inPlace)]);
  }

  /** The squared norm of the sum. */
  async measure(): Promise<number> {
    await this.#engine.run([this.#call(await this.#norm)]);
    return this.#measured();
  }

  async #measured(): Promise<number> {
    const bytes = await this.#bytes(`norm/${this.layer}`);
    return new Float32Array(bytes.buffer, bytes.byteOffset, 1)[0]!;
  }

  /**
   * Updates the parameters by the sum; gives its squared norm. Where that is not finite the parameters
   * stay as they were, but the optimizer's state is spoilt: there is no going on.
   */
  async update(scalars: readonly number[]): Promise<number> {
    await this.#write('scalars', bytesOf(Float32Array.from(scalars)));
    const next = this.#versions.take();
    const place = (name: string): Tensor => {
      const replaced = this.#replaces.get(name);
      return replaced === undefined
        ? this.#tensor(name)
        : (next.tensors.get(replaced) ?? this.#tensor(replaced));
    };
    // Both in one go: the engine's thread is asked once.
    await this.#engine.run([this.#call(await this.#norm), this.#call(await this.#update, place)]);
    const norm = await this.#measured();
    if (Number.isFinite(norm)) this.#versions.replace(next);
    else this.#versions.giveBack(next);
    return norm;
  }

  /** The parameters, which stand as they are until the payload is released. */
  value(): Promise<Payload> {
    return this.#versions.payload();
  }

  async surrender(): Promise<NamedTensor[]> {
    const tensors: NamedTensor[] = [];
    for (const { name, type } of [...this.#parameters, ...this.#state])
      tensors.push({ name, type, bytes: (await this.#bytes(name)).slice() });
    return tensors;
  }

  /** Takes what the key has of a whole layer. Errors: PROTOCOL when something is missing. */
  async restore({ tensors }: TensorPayload): Promise<void> {
    for (const { name, type } of [...this.#parameters, ...this.#state]) {
      const { whole, first } = partOf(name);
      const bytes = tensors.find((tensor) => tensor.name === whole)?.bytes;
      const end = first + byteLength(type);
      if (!bytes || bytes.length < end)
        throw new RingError('PROTOCOL', `layer ${this.layer} came without the whole of ${whole}`);
      await this.#write(name, bytes.subarray(first, end));
    }
  }

  /** Gives its memory back, when all that it was asked for is done. */
  async release(): Promise<void> {
    this.#versions.free();
    for (const tensor of this.#tensors.values()) this.#engine.free(tensor);
    for (const program of [this.#add, this.#norm, this.#update])
      this.#engine.release(await program);
  }

  // One work of a key is done before the next begins, so nothing that is asked for here is being computed.

  async #bytes(name: string): Promise<Uint8Array> {
    const tensor = this.#tensor(name);
    return this.#engine.view(tensor) ?? (await this.#engine.read(tensor));
  }

  async #write(name: string, bytes: Uint8Array): Promise<void> {
    const tensor = this.#tensor(name);
    const view = this.#engine.view(tensor);
    if (view) view.set(bytes);
    else await this.#engine.write(tensor, bytes);
  }

  #tensor(name: string): Tensor {
    return (this.#versions.current.get(name) ?? this.#tensors.get(name))!;
  }

  #call(program: Program, place = (name: string): Tensor => this.#tensor(name)): Call {
    return {
      program,
      inputs: program.inputs.map(place),
      outputs: program.outputs.map(place),
    };
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
