import type { LossDefinition } from './loss.ts';
import { checkNumbers, sumOfRowMeans, targetLike } from './loss.ts';

/** The squared difference between output and target, the mean over all elements. */
export const meanSquaredError: LossDefinition = {
  about: 'for numbers: the squared difference from the target',
  check: (output, target) => checkNumbers('meanSquaredError', output, target),
  sum(builder, output, target) {
    const difference = builder.apply('Sub', [output, targetLike(builder, output, target)]);
    return sumOfRowMeans(builder, builder.apply('Mul', [difference, difference]));
  },
};
