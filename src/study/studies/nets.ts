// The nets that several studies train, so that a run which two of them ask for is made once.

import type { StudySetting, TrainingFile } from '../study.ts';
import { convolutionalNet, deepNarrowNet, denseNet } from '../workloads.ts';

export const denseSizes = {
  tiny: { steps: 3, batch: 64, width: 128, depth: 4 },
  short: { steps: 3, batch: 512, width: 512, depth: 8 },
  full: { steps: 12, batch: 512, width: 512, depth: 12 },
} as const;

/** So many microbatches unless it is they that are varied. */
export const usualMicrobatches = 8;

/** Large weights, small activations. */
export function studiedDense(
  { size, data }: StudySetting,
  microbatches: number = usualMicrobatches,
): TrainingFile {
  const { steps, batch, width, depth } = denseSizes[size];
  return denseNet({ steps, batch, microbatches, data }, width, depth);
}

/** Large maps and small weights at the front. */
export const studiedConvolutional = (
  { size, data }: StudySetting,
  microbatches: number = usualMicrobatches,
): TrainingFile =>
  convolutionalNet({ steps: denseSizes[size].steps, batch: 64, microbatches, data });

/** Many layers to share out. */
export const studiedDeepNarrow = ({ size, data }: StudySetting): TrainingFile => {
  const { steps, batch } = denseSizes[size];
  return deepNarrowNet({ steps, batch, microbatches: usualMicrobatches, data });
};
