// The programs of a stage: its graphs, compiled once for each number of rows that occurs.

import { deriveStage } from '../model/stage.ts';
import type { Stage as DerivedStage, StageMode, StageRequest } from '../model/stage.ts';
import type { RingTraining } from '../model/training.ts';
import type { Engine, Program } from '../ports.ts';

interface Compiled {
  readonly forward: Program;
  readonly backward: Program | undefined;
}

export class StagePrograms {
  readonly #engine: Engine;
  readonly #training: RingTraining;
  readonly #request: StageRequest;
  readonly #derived: DerivedStage;
  readonly #passes = new Map<string, Promise<Compiled>>();
  readonly #weights = new Map<string, Promise<Program>>();

  /** `derived`: the stage for a full microbatch. */
  constructor(
    engine: Engine,
    training: RingTraining,
    request: StageRequest,
    derived: DerivedStage,
  ) {
    this.#engine = engine;
    this.#training = training;
    this.#request = request;
    this.#derived = derived;
  }

  /** Of one microbatch, forward and back. */
  ofPass(rows: number, mode: StageMode): Promise<Compiled> {
    const key = `${mode}/${rows}`;
    const known = this.#passes.get(key);
    if (known) return known;
    const compiled = this.#compile(rows, mode);
    this.#passes.set(key, compiled);
    return compiled;
  }

  async #compile(rows: number, mode: StageMode): Promise<Compiled> {
    const derived = deriveStage(this.#training, this.#request, rows, mode);
    const { forward, backward } = derived;
    return {
      forward: await this.#engine.compile(forward),
      backward: backward.outputs.length > 0 ? await this.#engine.compile(backward) : undefined,
    };
  }

  /** Gives back all of them. */
  async release(): Promise<void> {
    for (const each of this.#passes.values()) {
      const { forward, backward } = await each;
      this.#engine.release(forward);
      if (backward) this.#engine.release(backward);
    }
    for (const program of this.#weights.values()) this.#engine.release(await program);
  }

  /** Of the weight gradients of a unit over so many rows; added to those that are there, or instead of them. */
  ofWeights(unit: number, rows: number, accumulates: boolean): Promise<Program> {
    const key = `${unit}/${rows}/${accumulates}`;
    const known = this.#weights.get(key);
    if (known) return known;
    const { fresh, accumulate } = this.#derived.weightGradients[unit]!.graph(rows);
    const program = this.#engine.compile(accumulates ? accumulate : fresh);
    this.#weights.set(key, program);
    return program;
  }
}
