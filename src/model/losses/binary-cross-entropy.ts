import type { GraphBuilder } from '../../graph/builder.ts';
import type { TensorType } from '../../graph/graph.ts';
import type { LossDefinition } from './loss.ts';
import { checkNumbers, sumOfRowMeans, targetLike, unsuited } from './loss.ts';

/**
 * Cross-entropy of yes-or-no answers, the mean over all elements. The output x comes before a sigmoid:
 * -t log s(x) - (1 - t) log(1 - s(x)) = softplus(x) - x t. Of two classes the second is the yes.
 */
export const binaryCrossEntropy: LossDefinition = {
  about:
    'for two classes, with one output, or for targets from 0 to 1: the model ends without a sigmoid',
  check(output, target, classes) {
    if (target.type === 'int32') checkTwoClasses(output, target, classes);
    else checkNumbers('binaryCrossEntropy', output, target);
  },
  sum(builder, output, target) {
    if (builder.type(target).type === 'int32')
      return sumOfRowMeans(builder, ofClasses(builder, output, target));
    const agreement = builder.apply('Mul', [output, targetLike(builder, output, target)]);
    const losses = builder.apply('Sub', [builder.apply('Softplus', [output]), agreement]);
    return sumOfRowMeans(builder, losses);
  },
};

function checkTwoClasses(
  output: TensorType,
  target: TensorType,
  classes: number | undefined,
): void {
  const fail = (expects: string, advice: string) =>
    unsuited('binaryCrossEntropy', output, target, expects, advice);
  if (classes !== undefined && classes !== 2)
    throw fail(`two classes, not ${classes}`, 'take the loss softmaxCrossEntropy');
  if (output.type !== 'float32' || output.shape.join() !== [...target.shape, 1].join())
    throw fail('one output for two classes', 'give the last layer 1 unit');
}

/** s(x) is the softmax's share of x beside 0. */
function ofClasses(builder: GraphBuilder, output: string, target: string): string {
  const zero = builder.apply('Sub', [output, output]);
  const axis = builder.type(output).shape.length - 1;
  const scores = builder.apply('Concat', [zero, output], { axis });
  return builder.apply('SoftmaxCrossEntropy', [scores, target]);
}
