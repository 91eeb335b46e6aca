// The programs of a stage: its graphs, compiled once for each number of rows that occurs (a full
// microbatch, the smaller last one, a group of them).

import type { Graph } from '../graph/graph.ts';
import { deriveStage, stageNorms } from '../model/stage.ts';
import type { StageMode, StageUpdate } from '../model/stage.ts';
import type { Engine, Program } from '../ports.ts';
import type { StageParts } from './stage-parts.ts';

interface Pass {
  readonly forward: Program;
  readonly backward: Program | undefined;
}

export class StagePrograms {
  readonly #engine: Engine;
  readonly #parts: StageParts;
  readonly #passes = new Map<string, Promise<Pass>>();
  readonly #programs = new Map<string, Promise<Program>>();

  constructor(engine: Engine, parts: StageParts) {
    this.#engine = engine;
    this.#parts = parts;
  }

  /** Of one microbatch, forward and back. */
  ofPass(rows: number, mode: StageMode): Promise<Pass> {
    return once(this.#passes, `${mode}/${rows}`, async () => {
      const { training, request } = this.#parts;
      const { forward, backward } = deriveStage(training, request, rows, mode);
      return {
        forward: await this.#engine.compile(forward),
        backward: backward.outputs.length > 0 ? await this.#engine.compile(backward) : undefined,
      };
    });
  }

  /** Of the weight gradients of a unit over so many rows; added to those that are there, or instead of them. */
  ofWeights(unit: number, rows: number, accumulates: boolean): Promise<Program> {
    return this.#of(`${unit}/${rows}/${accumulates}`, () => {
      const { fresh, accumulate } = this.#parts.derived.weightGradients[unit]!.graph(rows);
      return accumulates ? accumulate : fresh;
    });
  }

  ofNorms(): Promise<Program> {
    return this.#of('norms', () => stageNorms(this.#parts.derived.parameters));
  }

  ofUpdate({ graph }: StageUpdate): Promise<Program> {
    return this.#of('update', () => graph);
  }

  #of(key: string, graph: () => Graph): Promise<Program> {
    return once(this.#programs, key, () => this.#engine.compile(graph()));
  }

  /** Gives back all of them. */
  async release(): Promise<void> {
    for (const each of this.#passes.values()) {
      const { forward, backward } = await each;
      this.#engine.release(forward);
      if (backward) this.#engine.release(backward);
    }
    for (const program of this.#programs.values()) this.#engine.release(await program);
  }
}

function once<Value>(known: Map<string, Value>, key: string, make: () => Value): Value {
  const value = known.get(key) ?? make();
  known.set(key, value);
  return value;
}
