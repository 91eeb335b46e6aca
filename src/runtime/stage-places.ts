// The tensors of one stage in the engine's memory: how many places each value needs, and what stands there.
// What a stage keeps for its way back has a place for every microbatch under way; what is used at once needs
// one that is free again when the next is written.

import { byteLength } from '../graph/graph.ts';
import type { TensorType } from '../graph/graph.ts';
import { initialValues } from '../model/initialise.ts';
import type { LayerTensor, NamedType } from '../model/stage.ts';
import { worksAhead } from '../node.ts';
import type { Microbatch } from '../node.ts';
import { groupsHeld } from '../plan/memory.ts';
import type { Engine } from '../ports.ts';
import { bytesOf } from './bytes.ts';
import type { StageMemory } from './stage-memory.ts';
import type { StageParts } from './stage-parts.ts';

/** What a run takes besides what is resident: values by the name of the graph's input. */
export type Given = Readonly<Record<string, Uint8Array>>;

/** Places for a value: `blocks` buffers of `group` microbatches each. */
interface KeptPlace {
  readonly name: string;
  readonly type: TensorType;
  readonly group: number;
  readonly blocks: number;
}

/** Takes memory for stages that follow each other: first for what any of them keeps. */
export function placeStages(stages: readonly StagePlaces[], memory: StageMemory): void {
  const kept = stages.flatMap((stage) => stage.kept);
  for (const { name, type, group, blocks } of kept.sort((a, b) => b.group - a.group))
    memory.addSlots(name, type, group, blocks);
  for (const stage of stages) stage.place();
}

export class StagePlaces {
  readonly #engine: Engine;
  readonly #memory: StageMemory;
  readonly #parts: StageParts;
  /** What belongs to a layer: its parameters, their optimizer state, and state without a gradient. */
  readonly #tensors: readonly LayerTensor[];

  constructor(engine: Engine, memory: StageMemory, parts: StageParts) {
    this.#engine = engine;
    this.#memory = memory;
    this.#parts = parts;
    const { derived, update } = parts;
    this.#tensors = [...derived.parameters, ...derived.state, ...(update?.state ?? [])];
  }

  /** What crosses the cut before the stage, for a full microbatch. */
  get inputs(): readonly NamedType[] {
    return this.#parts.derived.inputs;
  }

  /** What crosses the cut behind it. */
  get outputs(): readonly NamedType[] {
    return this.#parts.derived.outputs;
  }

  get parameters(): readonly LayerTensor[] {
    return this.#parts.derived.parameters;
  }

  // --------------------------------------------------------------------------------- placing

  /** What is kept for the way back. Of a value that several stages keep the largest place is taken. */
  get kept(): readonly KeptPlace[] {
    const { kept, weightGradients } = this.#parts.derived;
    const { window } = this.#parts.stage;
    const { microbatches } = this.#parts.training.resolved;
    return kept.flatMap(({ name, type, units, source }) => {
      if (source === 'given') return [];
      const group = Math.max(1, ...units.map((unit) => weightGradients[unit]!.group));
      const blocks = Math.min(groupsHeld(window, group), Math.ceil(microbatches / group));
      return [{ name, type, group, blocks: units.length > 0 ? blocks : window }];
    });
  }

  /** Takes memory for all that is not kept; the places of what is kept are there already. */
  place(): void {
    const { derived, stage, request, purpose } = this.#parts;
    const memory = this.#memory;
    for (const { name, type } of derived.parameters) memory.addResident(name, type);
    for (const { name, type } of derived.state)
      for (const each of [name, `new/${name}`]) memory.addResident(each, type);
    // What only passes through needs one place when it is used at once, a slot when it is sent on.
    for (const { name, type } of derived.inputs)
      if (!memory.hasSlots(name)) memory.addSlots(name, type, 1, worksAhead);
    for (const { name, type } of derived.outputs) memory.addSlots(name, type);
    const counter = derived.forward.types['counter'];
    if (counter) memory.addTurns('counter', counter, stage.window);
    if (request.loss) this.#placeLoss();
    if (purpose === 'train') this.#placeGradients();
  }

  #placeLoss(): void {
    const { data, layers, rows } = this.#parts.training.resolved;
    const withRows = ({ type, shape }: TensorType): TensorType => ({
      type,
      shape: [rows, ...shape],
    });
    this.#memory.addSlots('target', withRows(data.target), 1, worksAhead);
    this.#memory.addTurns('scale', scalar, worksAhead);
    this.#memory.addTurns('loss', scalar, worksAhead);
    this.#memory.addSlots('output', withRows(layers.at(-1)!.outputs['x']!), 1, worksAhead);
  }

  #placeGradients(): void {
    const { derived, request, update } = this.#parts;
    const memory = this.#memory;
    for (const { name, type } of derived.outputs)
      if (!memory.hasSlots(`d/${name}`)) memory.addSlots(`d/${name}`, type, 1, worksAhead);
    if (request.input)
      for (const { name, type } of derived.inputs) memory.addSlots(`d/${name}`, type);
    if (!update) return;
    for (const { name, type } of derived.parameters) memory.addResident(`d/${name}`, type);
    for (const { name, type } of update.state) memory.addResident(name, type);
    memory.addResident('scalars', update.graph.types['scalars']!);
    for (const { layer } of derived.parameters) memory.addResident(`norm/${layer}`, scalar);
  }

  // --------------------------------------------------------------------------------- writing

  /** Gives every parameter its value of the seed, and the optimizer's state zeros. */
  async initialise(): Promise<void> {
    const { resolved, seed } = this.#parts.training;
    for (const { name, type, layer } of this.#tensors) {
      const { parameters, state } = resolved.layers[layer]!;
      const specification = [...parameters, ...state].find(
        (each) => `${layer}.${each.name}` === name,
      );
      const bytes = specification
        ? bytesOf(initialValues(seed, layer, specification))
        : new Uint8Array(byteLength(type));
      await this.#engine.write(this.#memory.resident(name), bytes);
    }
  }

  /** Puts in place what a run takes; what the stage has no place for is passed over. */
  async give(of: Microbatch, given: Given): Promise<void> {
    for (const [name, bytes] of Object.entries(given)) {
      if (!this.#memory.has(name)) continue;
      const tensor = this.#memory.tensor(name, of.microbatch, of.rows);
      const view = this.#engine.view(tensor);
      if (view) view.set(bytes);
      else await this.#engine.write(tensor, bytes);
    }
  }

  /** The gradients of no rows at all. */
  async clearGradients(): Promise<void> {
    for (const { name, type } of this.parameters)
      await this.#engine.write(
        this.#memory.resident(`d/${name}`),
        new Uint8Array(byteLength(type)),
      );
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

  // --------------------------------------------------------------------------------- reading

  /** A layer's parameters and state, each with a copy of its bytes. */
  async readLayer(layer: number): Promise<{ name: string; type: TensorType; bytes: Uint8Array }[]> {
    const tensors = this.#tensors.filter((tensor) => tensor.layer === layer);
    const read: { name: string; type: TensorType; bytes: Uint8Array }[] = [];
    for (const { name, type } of tensors)
      read.push({ name, type, bytes: await this.#engine.read(this.#memory.resident(name)) });
    return read;
  }

  /** The squared norms of the gradients, by layer of the stage, once they are computed. */
  async readNorms(): Promise<number[]> {
    const { from, to } = this.#parts.stage;
    const norms: number[] = [];
    for (let layer = from; layer < to; layer += 1) {
      const name = `norm/${layer}`;
      norms.push(this.#memory.has(name) ? await this.scalar(name) : 0);
    }
    return norms;
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
}

const scalar: TensorType = { type: 'float32', shape: [] };
