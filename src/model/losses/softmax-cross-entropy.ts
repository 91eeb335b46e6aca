import type { LossDefinition } from './loss.ts';
import { sumOfRowMeans, unsuited } from './loss.ts';

/** -log of the softmax's share of the right class; for sequences the mean over their places. */
export const softmaxCrossEntropy: LossDefinition = {
  about: 'for classes: the model ends with one output per class, without a softmax',
  check(output, target, classes) {
    const fail = (expects: string, advice: string) =>
      unsuited('softmaxCrossEntropy', output, target, expects, advice);
    if (target.type !== 'int32')
      throw fail('classes as targets', 'set data.target to "class", or take another loss');
    const width = output.shape.at(-1) ?? 0;
    if (
      output.type !== 'float32' ||
      output.shape.slice(0, -1).join() !== target.shape.join() ||
      width < 1
    )
      throw fail(
        `outputs [${[...target.shape, classes ?? 'classes'].join(', ')}]`,
        'end the model with a dense layer of one unit per class, after a flatten if its input is an image',
      );
    if (classes !== undefined && width !== classes)
      throw fail(
        `an output for each of the ${classes} classes`,
        `give the last layer ${classes === 1 ? '1 unit' : `${classes} units`}`,
      );
  },
  sum: (builder, output, target) =>
    sumOfRowMeans(builder, builder.apply('SoftmaxCrossEntropy', [output, target])),
};
