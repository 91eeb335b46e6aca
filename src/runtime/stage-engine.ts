// One stage on an engine: its graphs compiled, its tensors placed, and the works of a node carried out
// on them. Graphs are compiled once for each number of rows that occurs (a full microbatch, the smaller
// last one, a group of them).

import { byteLength } from '../graph/graph.ts';
import type { TensorType } from '../graph/graph.ts';
import { initialValues } from '../model/initialise.ts';
import { deriveStage, stageNorms, stageUpdate } from '../model/stage.ts';
import type {
  LayerTensor,
  Stage as DerivedStage,
  StageMode,
  StageRequest,
} from '../model/stage.ts';
import type { RingTraining } from '../model/training.ts';
import { worksAhead } from '../node.ts';
import type { Microbatch, Purpose, Stage } from '../node.ts';
import type { Call, Engine, Program, Tensor } from '../ports.ts';
import { groupsHeld } from '../plan/memory.ts';
import type { StageMemory } from './stage-memory.ts';
import { StagePrograms } from './stage-programs.ts';
import { bytesOf } from './bytes.ts';

/** What a run takes besides what is resident: values by the name of the graph's input. */
export type Given = Readonly<Record<string, Uint8Array>>;

/** Places for a value: `blocks` buffers of `group` microbatches each. */
export interface KeptPlace {
  readonly name: string;
  readonly type: TensorType;
  readonly group: number;
  readonly blocks: number;
}

/** A run that the engine has been given; wrapped, so that who awaits the giving does not await the run. */
export interface Running {
  readonly finished: Promise<unknown>;
}

export class StageEngine {
  readonly stage: Stage;
  /** Group size of each unit of weight gradients. */
  readonly units: readonly number[];
  /** What crosses the cut before the stage, and the one behind it: for a full microbatch. */
  readonly inputs: DerivedStage['inputs'];
  readonly outputs: DerivedStage['outputs'];
  readonly #engine: Engine;
  readonly #training: RingTraining;
  readonly #request: StageRequest;
  readonly #purpose: Purpose;
  readonly #memory: StageMemory;
  readonly #derived: DerivedStage;
  readonly #programs: StagePrograms;
  #norms: Promise<Program> | undefined;
  #update:
    | { readonly program: Promise<Program>; readonly replaces: ReadonlyMap<string, string> }
    | undefined;
  readonly #tensors: LayerTensor[];

  /** Stages that follow each other in one memory: what one puts out, the next takes where it is. */
  constructor(
    engine: Engine,
    training: RingTraining,
    stage: Stage,
    purpose: Purpose,
    memory: StageMemory,
  ) {
    this.stage = stage;
    this.#engine = engine;
    this.#training = training;
    this.#purpose = purpose;
    this.#memory = memory;
    const { from, to, place } = stage;
    const takesSamples = place === 'opening' || (place === 'closing' && from === 0);
    this.#request = { from, to, loss: place === 'closing', input: !takesSamples };
    const { rows } = training.resolved;
    const mode = purpose === 'train' ? 'train' : 'predict';
    this.#derived = deriveStage(training, this.#request, rows, mode);
    this.#programs = new StagePrograms(engine, training, this.#request, this.#derived);
    const { inputs, outputs, parameters, state, weightGradients } = this.#derived;
    this.inputs = inputs;
    this.outputs = outputs;
    this.units = weightGradients.map(({ group }) => group);
    this.#tensors = [...parameters, ...state];
  }

  // ---------------------------------------------------------------------------------- places

  /** What is kept for the way back. Of a value that several stages keep the largest place is taken. */
  get kept(): readonly KeptPlace[] {
    const { kept, weightGradients } = this.#derived;
    const { window } = this.stage;
    const { microbatches } = this.#training.resolved;
    return kept.flatMap(({ name, type, units, source }) => {
      if (source === 'given') return [];
      const group = Math.max(1, ...units.map((unit) => weightGradients[unit]!.group));
      const blocks = Math.min(groupsHeld(window, group), Math.ceil(microbatches / group));
      return [{ name, type, group, blocks: units.length > 0 ? blocks : window }];
    });
  }

  /** Takes memory for all that is not kept; the places of what is kept are there already. */
  place(): void {
    const { inputs, outputs, parameters, state } = this.#derived;
    const memory = this.#memory;
    for (const { name, type } of parameters) memory.addResident(name, type);
    for (const { name, type } of state)
      for (const each of [name, `new/${name}`]) memory.addResident(each, type);
    // What only passes through needs one place when it is used at once, a slot when it is sent on.
    for (const { name, type } of inputs)
      if (!memory.hasSlots(name)) memory.addSlots(name, type, 1, worksAhead);
    for (const { name, type } of outputs) memory.addSlots(name, type);
    const counter = this.#derived.forward.types['counter'];
    if (counter) memory.addTurns('counter', counter, this.stage.window);
    if (this.#request.loss) this.#placeLoss();
    if (this.#purpose !== 'train') return;
    for (const { name, type } of outputs)
      if (!memory.hasSlots(`d/${name}`)) memory.addSlots(`d/${name}`, type, 1, worksAhead);
    if (this.#request.input)
      for (const { name, type } of inputs) memory.addSlots(`d/${name}`, type);
    this.#placeUpdate(parameters);
  }

  #placeLoss(): void {
    const { data, layers, rows } = this.#training.resolved;
    const withRows = ({ type, shape }: TensorType): TensorType => ({
      type,
      shape: [rows, ...shape],
    });
    this.#memory.addSlots('target', withRows(data.target), 1, worksAhead);
    this.#memory.addTurns('scale', scalar, worksAhead);
    this.#memory.addTurns('loss', scalar, worksAhead);
    this.#memory.addSlots('output', withRows(layers.at(-1)!.outputs['x']!), 1, worksAhead);
  }

  #placeUpdate(parameters: readonly LayerTensor[]): void {
    for (const { name, type } of parameters) this.#memory.addResident(`d/${name}`, type);
    const { graph, state, replaces } = stageUpdate(this.#training, parameters);
    for (const { name, type } of state) this.#memory.addResident(name, type);
    this.#tensors.push(...state);
    if (parameters.length === 0) return;
    this.#memory.addResident('scalars', graph.types['scalars']!);
    this.#update = {
      program: this.#engine.compile(graph),
      replaces: new Map(replaces.map(({ input, output }) => [output, input])),
    };
    this.#norms = this.#engine.compile(stageNorms(parameters));
    for (const layer of this.#layers) this.#memory.addResident(`norm/${layer}`, scalar);
  }

  /** Gives back its memory and programs; nothing may run on them any more. */
  async release(): Promise<void> {
    this.#memory.release();
    await this.#programs.release();
    for (const program of [this.#norms, this.#update?.program])
      if (program) this.#engine.release(await program);
  }

  get parameters(): readonly LayerTensor[] {
    return this.#derived.parameters;
  }

  /** The layers of the stage that have parameters. */
  get #layers(): number[] {
    return [...new Set(this.#derived.parameters.map(({ layer }) => layer))];
  }

  #call(program: Program, first: number, rows: number, of: (name: string) => string = same): Call {
    const tensors = (names: readonly string[]): Tensor[] =>
      names.map((name) => this.#memory.tensor(of(name), first, rows));
    return { program, inputs: tensors(program.inputs), outputs: tensors(program.outputs) };
  }

  // ----------------------------------------------------------------------------------- works

  /** Compiles what every step runs, so that the first is not slower and all memory is taken before it. */
  async compile(): Promise<void> {
    const { rows, microbatches } = this.#training.resolved;
    if (this.#purpose === 'use') return void (await this.#programs.ofPass(rows, 'predict'));
    await this.#programs.ofPass(rows, 'train');
    for (const [unit, group] of this.units.entries()) {
      const grouped = rows * Math.min(group, microbatches);
      await this.#programs.ofWeights(unit, grouped, false);
      if (group < microbatches) await this.#programs.ofWeights(unit, grouped, true);
    }
  }

  /** Gives every parameter its value of the seed, and the optimizer's state zeros. */
  async initialise(): Promise<void> {
    const { layers } = this.#training.resolved;
    for (const { name, type, layer } of this.#tensors) {
      const { parameters, state } = layers[layer]!;
      const specification = [...parameters, ...state].find(
        (each) => `${layer}.${each.name}` === name,
      );
      const bytes = specification
        ? bytesOf(initialValues(this.#training.seed, layer, specification))
        : new Uint8Array(byteLength(type));
      await this.#engine.write(this.#memory.resident(name), bytes);
    }
  }

  /** Runs the stage forward on one microbatch and, behind the loss in training, back at once. */
  async forward(of: Microbatch, mode: StageMode, given: Given): Promise<Running> {
    const { forward, backward } = await this.#programs.ofPass(of.rows, mode);
    await this.#write(of, { ...given, counter: bytesOf(Int32Array.of(of.step, of.position)) });
    const calls = [this.#call(forward, of.microbatch, of.rows)];
    if (backward && this.#request.loss) calls.push(this.#call(backward, of.microbatch, of.rows));
    const finished = this.#engine.run(calls);
    if (mode === 'train')
      for (const { name } of this.#derived.state) this.#memory.swap(name, `new/${name}`);
    return { finished };
  }

  async backward(of: Microbatch, given: Given): Promise<Running> {
    const { backward } = await this.#programs.ofPass(of.rows, 'train');
    await this.#write(of, given);
    return this.#run(backward && this.#call(backward, of.microbatch, of.rows));
  }

  async weights(unit: number, first: number, rows: number): Promise<Running> {
    const program = await this.#programs.ofWeights(unit, rows, first > 0);
    const withoutSum = (name: string): string => name.replace(/^sum\//, '');
    return this.#run(this.#call(program, first, rows, withoutSum));
  }

  /** The gradients of no rows at all. */
  async clearGradients(): Promise<void> {
    for (const { name, type } of this.#derived.parameters)
      await this.#engine.write(
        this.#memory.resident(`d/${name}`),
        new Uint8Array(byteLength(type)),
      );
  }

  /** Computes the squared norms of the gradients; `readNorms` has them when it is done. */
  async norms(): Promise<Running> {
    return this.#run(this.#norms && this.#call(await this.#norms, 0, 0));
  }

  /** By layer of the stage. */
  async readNorms(): Promise<number[]> {
    const norms: number[] = [];
    for (let layer = this.stage.from; layer < this.stage.to; layer += 1) {
      const name = `norm/${layer}`;
      norms.push(this.#memory.has(name) ? await this.scalar(name) : 0);
    }
    return norms;
  }

  async update(scalars: readonly number[]): Promise<Running> {
    if (!this.#update) return this.#run();
    await this.#engine.write(this.#memory.resident('scalars'), bytesOf(Float32Array.from(scalars)));
    const { program, replaces } = this.#update;
    const inPlace = (name: string): string => replaces.get(name) ?? name;
    return this.#run(this.#call(await program, 0, 0, inPlace));
  }

  #run(...calls: (Call | undefined)[]): Running {
    const given = calls.filter((call) => call !== undefined);
    return { finished: given.length > 0 ? this.#engine.run(given) : Promise.resolve() };
  }

  async scalar(name: string, microbatch = 0): Promise<number> {
    const [value] = await this.values(name, microbatch, 0);
    return value!;
  }

  /** A value's numbers, as they stand after the last run. */
  async values(name: string, microbatch: number, rows: number): Promise<Float32Array> {
    const bytes = await this.bytesOf(name, microbatch, rows);
    return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  }

  /** The bytes of a value of a microbatch: in place where the engine's memory can be seen. */
  async bytesOf(name: string, microbatch: number, rows: number): Promise<Uint8Array> {
    const tensor = this.#memory.tensor(name, microbatch, rows);
    return this.#engine.view(tensor) ?? (await this.#engine.read(tensor));
  }

  /** The type of a value that crosses a cut, for a microbatch of so many rows. */
  typeOf(name: string, microbatch: number, rows: number): TensorType {
    return this.#memory.tensor(name, microbatch, rows).type;
  }

  byteLengthOf(name: string, { microbatch, rows }: Microbatch): number {
    return byteLength(this.typeOf(name, microbatch, rows));
  }

  /** A layer's parameters and state, each with a copy of its bytes. */
  async readLayer(layer: number): Promise<{ name: string; type: TensorType; bytes: Uint8Array }[]> {
    const tensors = this.#tensors.filter((tensor) => tensor.layer === layer);
    const read: { name: string; type: TensorType; bytes: Uint8Array }[] = [];
    for (const { name, type } of tensors)
      read.push({ name, type, bytes: await this.#engine.read(this.#memory.resident(name)) });
    return read;
  }

  /** Puts tensors of a layer in place; names that the stage does not keep are passed over. */
  async writeLayer(
    layer: number,
    tensors: readonly { name: string; bytes: Uint8Array }[],
  ): Promise<void> {
    for (const { name, bytes } of tensors)
      if (this.#tensors.some((tensor) => tensor.layer === layer && tensor.name === name))
        await this.#engine.write(this.#memory.resident(name), bytes);
  }

  async #write(of: Microbatch, given: Given): Promise<void> {
    for (const [name, bytes] of Object.entries(given)) {
      if (!this.#memory.has(name)) continue;
      const tensor = this.#memory.tensor(name, of.microbatch, of.rows);
      const view = this.#engine.view(tensor);
      if (view) view.set(bytes);
      else await this.#engine.write(tensor, bytes);
    }
  }
}

/** Takes memory for stages that follow each other: first for what any of them keeps. */
export function placeStages(stages: readonly StageEngine[], memory: StageMemory): void {
  const kept = stages.flatMap((stage) => stage.kept);
  for (const { name, type, group, blocks } of kept.sort((a, b) => b.group - a.group))
    memory.addSlots(name, type, group, blocks);
  for (const stage of stages) stage.place();
}

const scalar: TensorType = { type: 'float32', shape: [] };

const same = (name: string): string => name;
