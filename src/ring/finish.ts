// The end of a training pass as the master sees it: the squared norms of every layer's gradients come
// together, in the order of the layers and so independent of the cut, and decide whether the step may
// be committed and how far its gradients are clipped (global norm: Pascanu et al. 2013, section 3.2).

import { RingError } from '../errors.ts';

/** Squared norms as messages carry them: JSON has no NaN and no infinity. */
export const onWire = (norms: readonly number[]): (number | null)[] =>
  norms.map((norm) => (Number.isFinite(norm) ? norm : null));

/** What of a step's squared norms is known so far. */
export class StepNorms {
  closing: readonly (number | null)[] | undefined;
  opening: readonly (number | null)[] | undefined;
  /** Of everyone after the opening stage, as the first worker tells them. */
  downstream: readonly (number | null)[] | undefined;

  /** Those of all layers in order, once every stage has every gradient. */
  all(alone: boolean): readonly (number | null)[] | undefined {
    const { closing, opening, downstream } = this;
    if (!closing || alone) return closing;
    return opening && downstream && [...opening, ...downstream];
  }
}

/**
 * The factor that every gradient of the step is multiplied by.
 * @param squaredNorms by layer, for all layers in order
 * Errors: NOT_FINITE.
 */
export function gradientFactor(
  step: number,
  squaredNorms: readonly (number | null)[],
  clipNorm: number | undefined,
): number {
  let total = 0;
  for (const [layer, value] of squaredNorms.entries()) {
    if (value === null)
      throw new RingError(
        'NOT_FINITE',
        `the gradient of layer ${layer} is not a finite number in step ${step + 1}, so that step was not done: ${remedy}`,
      );
    total += value;
  }
  const norm = Math.sqrt(total);
  return clipNorm !== undefined && norm > clipNorm ? clipNorm / norm : 1;
}

/** Errors: NOT_FINITE. */
export function checkLoss(step: number, loss: number): void {
  if (Number.isFinite(loss)) return;
  throw new RingError(
    'NOT_FINITE',
    `the loss is ${loss} in step ${step + 1}, so that step was not done: ${remedy}`,
  );
}

const remedy = 'try a lower learningRate or a clipNorm, and look for extreme values in the data';
