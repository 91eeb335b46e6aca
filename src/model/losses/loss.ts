// What a loss is: a check that the model's output and the targets suit it, and the sum over the rows
// of each row's loss as a graph. The mean over the global batch follows by a scale given at run time
// (1 / its rows), which is also what the gradient begins from.

import { RingError } from '../../errors.ts';
import type { GraphBuilder } from '../../graph/builder.ts';
import type { TensorType } from '../../graph/graph.ts';

export interface LossDefinition {
  readonly about: string;
  /** Types of one sample; `classes` is how many the data has. Throws MODEL when they do not suit. */
  check(output: TensorType, target: TensorType, classes: number | undefined): void;
  /** Adds the sum of the rows' losses, a value of shape []; output and target are [rows, ...]. */
  sum(builder: GraphBuilder, output: string, target: string): string;
}

/** A RingError MODEL that says what the loss was given, what it expects and what to do. */
export function unsuited(
  loss: string,
  output: TensorType,
  target: TensorType,
  expects: string,
  advice: string,
): RingError {
  const kind = target.type === 'int32' ? 'classes' : 'numbers';
  return new RingError(
    'MODEL',
    `the loss ${loss} is given outputs [${output.shape.join(', ')}] and ${kind} [${target.shape.join(', ')}] per sample, expects ${expects}: ${advice}`,
  );
}

/** The mean over all axes but the first, then the sum over the first. */
export function sumOfRowMeans(builder: GraphBuilder, losses: string): string {
  const axes = builder.type(losses).shape.map((_, axis) => axis);
  const means =
    axes.length > 1
      ? builder.apply('ReduceMean', [losses], { axes: axes.slice(1), keepdims: 0 })
      : losses;
  return builder.apply('ReduceSum', [means], { axes: [0], keepdims: 0 });
}

/** Checks the types of a loss that compares numbers with numbers, one to one. */
export function checkNumbers(loss: string, output: TensorType, target: TensorType): void {
  if (target.type !== 'float32')
    throw unsuited(
      loss,
      output,
      target,
      'numbers as targets',
      'set data.target to "number", or take the loss softmaxCrossEntropy',
    );
  const wanted = target.shape.length === 0 ? [1] : target.shape;
  if (output.type !== 'float32' || output.shape.join() !== wanted.join())
    throw unsuited(
      loss,
      output,
      target,
      'an output for each number',
      `end the model with an output of [${wanted.join(', ')}]`,
    );
}

/** The target in the output's shape: one number per sample may come without an axis of its own. */
export function targetLike(builder: GraphBuilder, output: string, target: string): string {
  const { shape } = builder.type(output);
  return builder.type(target).shape.length === shape.length
    ? target
    : builder.apply('Reshape', [target], { shape });
}
