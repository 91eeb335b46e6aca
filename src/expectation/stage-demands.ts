// What each work of a stage asks for, from the very graphs that the stage would run. A block of a replica
// is a stage, too.

import { byteLength } from '../graph/graph.ts';
import { deriveStage, stageNorms, stageUpdate } from '../model/stage.ts';
import type { NamedType, Stage as DerivedStage, StageRequest } from '../model/stage.ts';
import type { RingTraining } from '../model/training.ts';
import type { Stage } from '../node.ts';
import { demandOf, noDemand } from './demand.ts';
import type { Demand } from './demand.ts';

export class StageDemands {
  readonly stage: Stage;
  /** Group size of each unit of weight gradients. */
  readonly units: readonly number[];
  readonly parameters: DerivedStage['parameters'];
  readonly norms: Demand;
  readonly update: Demand;
  /** Of what crosses the cut before the stage, and behind it: for a full microbatch. */
  readonly inputBytes: number;
  readonly outputBytes: number;
  readonly #training: RingTraining;
  readonly #request: StageRequest;
  readonly #derived = new Map<number, DerivedStage>();
  readonly #known = new Map<string, Demand>();

  constructor(training: RingTraining, stage: Stage) {
    const { from, to, place } = stage;
    this.stage = stage;
    this.#training = training;
    this.#request = { from, to, loss: place === 'closing', input: from > 0 };
    const { parameters, weightGradients, inputs, outputs } = this.#of(training.resolved.rows);
    this.units = weightGradients.map(({ group }) => group);
    this.parameters = parameters;
    this.inputBytes = bytesOf(inputs);
    this.outputBytes = bytesOf(outputs);
    const hasParameters = parameters.length > 0;
    this.norms = hasParameters ? demandOf(stageNorms(parameters)) : noDemand;
    this.update = hasParameters ? demandOf(stageUpdate(training, parameters).graph) : noDemand;
  }

  forward(rows: number): Demand {
    return this.#once(`forward/${rows}`, () => demandOf(this.#of(rows).forward));
  }

  backward(rows: number): Demand {
    return this.#once(`backward/${rows}`, () => demandOf(...backwardOf(this.#of(rows))));
  }

  /** Of the closing stage: forward to the loss and back, in one run. */
  loss(rows: number): Demand {
    const demand = (): Demand => {
      const stage = this.#of(rows);
      return demandOf(stage.forward, ...backwardOf(stage));
    };
    return this.#once(`loss/${rows}`, demand);
  }

  /** Of a unit over so many rows; `accumulates`: added to what is there. */
  weights(unit: number, rows: number, accumulates: boolean): Demand {
    return this.#once(`weights/${unit}/${rows}/${accumulates}`, () => {
      const { fresh, accumulate } = this.#of(this.#training.resolved.rows).weightGradients[
        unit
      ]!.graph(rows);
      return demandOf(accumulates ? accumulate : fresh);
    });
  }

  #of(rows: number): DerivedStage {
    const known = this.#derived.get(rows);
    if (known) return known;
    const derived = deriveStage(this.#training, this.#request, rows, 'train');
    this.#derived.set(rows, derived);
    return derived;
  }

  #once(work: string, demand: () => Demand): Demand {
    const known = this.#known.get(work) ?? demand();
    this.#known.set(work, known);
    return known;
  }
}

const backwardOf = ({ backward }: DerivedStage): readonly DerivedStage['backward'][] =>
  backward.outputs.length > 0 ? [backward] : [];

const bytesOf = (values: readonly NamedType[]): number =>
  values.reduce((sum, { type }) => sum + byteLength(type), 0);
