import type { LossDefinition } from './loss.ts';
import { checkNumbers, sumOfRowMeans, targetLike } from './loss.ts';

/**
 * Cross-entropy of yes-or-no answers, the mean over all elements. The output x comes before a sigmoid:
 * -t log s(x) - (1 - t) log(1 - s(x)) = softplus(x) - x t.
 */
export const binaryCrossEntropy: LossDefinition = {
  about: 'for targets of 0 or 1: the model ends without a sigmoid',
  check: (output, target) => checkNumbers('binaryCrossEntropy', output, target),
  sum(builder, output, target) {
    const agreement = builder.apply('Mul', [output, targetLike(builder, output, target)]);
    const losses = builder.apply('Sub', [builder.apply('Softplus', [output]), agreement]);
    return sumOfRowMeans(builder, losses);
  },
};
