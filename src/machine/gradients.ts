// Whether a step's gradients may be applied, and by which factor: the decision of the one node that
// knows them all (global norm: Pascanu et al. 2013, section 3.2).

import { RingError } from '../errors.ts';

/** Squared norms as messages carry them: JSON has no NaN and no infinity. */
export const onWire = (norms: readonly number[]): (number | null)[] =>
  norms.map((norm) => (Number.isFinite(norm) ? norm : null));

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
