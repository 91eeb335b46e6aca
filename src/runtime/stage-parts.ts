// What follows from a node's stage: the graphs of its layers, derived for a full microbatch.

import { deriveStage, stageUpdate } from '../model/stage.ts';
import type { Stage as DerivedStage, StageRequest, StageUpdate } from '../model/stage.ts';
import type { RingTraining } from '../model/training.ts';
import type { Purpose, Stage } from '../node.ts';

export interface StageParts {
  readonly training: RingTraining;
  readonly stage: Stage;
  readonly purpose: Purpose;
  readonly request: StageRequest;
  readonly derived: DerivedStage;
  /** Where there are parameters to train. */
  readonly update: StageUpdate | undefined;
}

export function stageParts(training: RingTraining, stage: Stage, purpose: Purpose): StageParts {
  const { from, to, place } = stage;
  const takesSamples = place === 'opening' || (place === 'closing' && from === 0);
  const request = { from, to, loss: place === 'closing', input: !takesSamples };
  const isTrained = purpose === 'train';
  const mode = isTrained ? 'train' : 'predict';
  const derived = deriveStage(training, request, training.resolved.rows, mode);
  const { parameters } = derived;
  const update = isTrained && parameters.length > 0 ? stageUpdate(training, parameters) : undefined;
  return { training, stage, purpose, request, derived, update };
}
