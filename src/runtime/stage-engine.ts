// One stage on an engine: the works of a node as runs of the stage's programs over its tensors.

import type { StageMode } from '../model/stage.ts';
import type { RingTraining } from '../model/training.ts';
import type { Microbatch, Purpose, Stage } from '../node.ts';
import type { Call, Engine, Program, Tensor } from '../ports.ts';
import { bytesOf } from './bytes.ts';
import type { StageMemory } from './stage-memory.ts';
import { stageParts } from './stage-parts.ts';
import type { StageParts } from './stage-parts.ts';
import { placeStages, StagePlaces } from './stage-places.ts';
import type { Given } from './stage-places.ts';
import { StagePrograms } from './stage-programs.ts';

/** A run that the engine has been given; wrapped, so that who awaits the giving does not await the run. */
export interface Running {
  readonly finished: Promise<unknown>;
}

/** Makes stages that follow each other ready, in one memory: what one puts out, the next takes where it is. */
export async function openStages(
  engine: Engine,
  training: RingTraining,
  stages: readonly Stage[],
  purpose: Purpose,
  memory: StageMemory,
): Promise<StageEngine[]> {
  const opened = stages.map(
    (stage) => new StageEngine(engine, memory, stageParts(training, stage, purpose)),
  );
  placeStages(
    opened.map(({ places }) => places),
    memory,
  );
  for (const stage of opened) {
    await stage.compile();
    await stage.places.initialise();
  }
  return opened;
}

export class StageEngine {
  readonly stage: Stage;
  /** Its tensors. */
  readonly places: StagePlaces;
  /** Group size of each unit of weight gradients. */
  readonly units: readonly number[];
  readonly #engine: Engine;
  readonly #memory: StageMemory;
  readonly #parts: StageParts;
  readonly #programs: StagePrograms;

  constructor(engine: Engine, memory: StageMemory, parts: StageParts) {
    this.stage = parts.stage;
    this.#engine = engine;
    this.#memory = memory;
    this.#parts = parts;
    this.#programs = new StagePrograms(engine, parts);
    this.places = new StagePlaces(engine, memory, parts);
    this.units = parts.derived.weightGradients.map(({ group }) => group);
  }

  /** Compiles what every step runs, so that the first is not slower and all memory is taken before it. */
  async compile(): Promise<void> {
    const { training, purpose, update } = this.#parts;
    const { rows, microbatches } = training.resolved;
    if (purpose === 'use') return void (await this.#programs.ofPass(rows, 'predict'));
    await this.#programs.ofPass(rows, 'train');
    for (const [unit, group] of this.units.entries()) {
      const grouped = rows * Math.min(group, microbatches);
      await this.#programs.ofWeights(unit, grouped, false);
      if (group < microbatches) await this.#programs.ofWeights(unit, grouped, true);
    }
    if (!update) return;
    await this.#programs.ofNorms();
    await this.#programs.ofUpdate(update);
  }

  /** Gives back its memory and programs; nothing may run on them any more. */
  async release(): Promise<void> {
    this.#memory.release();
    await this.#programs.release();
  }

  /** Runs the stage forward on one microbatch and, behind the loss in training, back at once. */
  async forward(of: Microbatch, mode: StageMode, given: Given): Promise<Running> {
    const { derived, request } = this.#parts;
    const { forward, backward } = await this.#programs.ofPass(of.rows, mode);
    const counter = bytesOf(Int32Array.of(of.step, of.position));
    await this.places.give(of, { ...given, counter });
    const calls = [this.#call(forward, of.microbatch, of.rows)];
    if (backward && request.loss) calls.push(this.#call(backward, of.microbatch, of.rows));
    const running = this.#run(...calls);
    if (mode === 'train')
      for (const { name } of derived.state) this.#memory.swap(name, `new/${name}`);
    return running;
  }

  async backward(of: Microbatch, given: Given): Promise<Running> {
    const { backward } = await this.#programs.ofPass(of.rows, 'train');
    await this.places.give(of, given);
    return backward ? this.#run(this.#call(backward, of.microbatch, of.rows)) : nothing;
  }

  async weights(unit: number, first: number, rows: number): Promise<Running> {
    const program = await this.#programs.ofWeights(unit, rows, first > 0);
    const withoutSum = (name: string): string => name.replace(/^sum\//, '');
    return this.#run(this.#call(program, first, rows, withoutSum));
  }

  /** The squared norms of the gradients; `places.readNorms` has them when it is done. */
  async norms(): Promise<Running> {
    if (!this.#parts.update) return nothing;
    return this.#run(this.#call(await this.#programs.ofNorms(), 0, 0));
  }

  async update(scalars: readonly number[]): Promise<Running> {
    const { update } = this.#parts;
    if (!update) return nothing;
    const program = await this.#programs.ofUpdate(update);
    await this.#engine.write(this.#memory.resident('scalars'), bytesOf(Float32Array.from(scalars)));
    const inputOf = new Map(update.replaces.map(({ input, output }) => [output, input]));
    return this.#run(this.#call(program, 0, 0, (name) => inputOf.get(name) ?? name));
  }

  #call(program: Program, first: number, rows: number, of: (name: string) => string = same): Call {
    const tensors = (names: readonly string[]): Tensor[] =>
      names.map((name) => this.#memory.tensor(of(name), first, rows));
    return { program, inputs: tensors(program.inputs), outputs: tensors(program.outputs) };
  }

  #run(...calls: Call[]): Running {
    return { finished: this.#engine.run(calls) };
  }
}

const nothing: Running = { finished: Promise.resolve() };

const same = (name: string): string => name;
