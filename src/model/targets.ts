// Targets held against what a loss can take. Files are checked when they are opened, where a line can
// be named; this is for datasets of a program's own, whose classes nobody has listed.

import { RingError } from '../errors.ts';
import type { RingTraining } from './resolve.ts';

/**
 * Refuses targets that the loss would make NaN or nonsense of; `nameOf` says which sample stands in a
 * row. Errors: DATA.
 * @param targets [rows, ...target]
 */
export function checkTargets(
  { loss, resolved }: RingTraining,
  targets: Float32Array | Int32Array,
  nameOf: (row: number) => string,
): void {
  if (loss === 'meanSquaredError') return;
  const classes =
    loss === 'binaryCrossEntropy' ? 2 : resolved.layers.at(-1)!.outputs['x']!.shape.at(-1)!;
  const areClasses = targets instanceof Int32Array;
  const highest = areClasses ? classes - 1 : 1;
  const at = targets.findIndex((target) => !(target >= 0 && target <= highest));
  if (at < 0) return;
  const perSample = resolved.data.target.shape.reduce((a, b) => a * b, 1);
  const expected = areClasses
    ? `a class from 0 to ${highest}, since the model tells ${classes} apart`
    : `a number from 0 to 1, as ${loss} needs`;
  throw new RingError(
    'DATA',
    `${nameOf(Math.floor(at / perSample))} has the target ${targets[at]}, expected is ${expected}: correct the sample, or the model and its loss`,
  );
}
