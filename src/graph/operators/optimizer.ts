// Parameter updates, by PyTorch's formulas. What changes from step to step (learning rate, gradient
// factor, Adam's corrections) is a run-time input `s`, computed by the master and sent, so that every
// node uses the same bits.

import { flag, real } from '../attributes.ts';
import type { TensorType } from '../graph.ts';
import type { Application, Operator } from './operator.ts';
import { misfit, operand, operandOfShape, perElement } from './operator.ts';

/** The parameter's type; the inputs at `like` must have its shape, the one at `scalars` `count` elements or more. */
function parameter(
  application: Application,
  like: readonly number[],
  scalars: number,
  count: number,
): TensorType {
  const weight = operand(application, 0);
  for (const index of like) operandOfShape(application, index, weight.shape);
  if ((operand(application, scalars, 1).shape[0] ?? 0) < count) {
    throw misfit(application, `input ${scalars} to hold ${count} scalars`);
  }
  return weight;
}

function sgd(application: Application): readonly TensorType[] {
  const momentum = application.attributes['momentum'] !== 0;
  if (momentum !== (application.inputs[2] !== undefined)) {
    throw misfit(application, 'V to be given exactly when momentum is not 0');
  }
  const weight = parameter(application, momentum ? [1, 2] : [1], 3, 2);
  return momentum ? [weight, weight] : [weight];
}

function adam(application: Application): readonly TensorType[] {
  const weight = parameter(application, [1, 2, 3], 4, 4);
  return [weight, weight, weight];
}

export const optimizers = {
  // W, G, V?, s [learningRate, gradientFactor] -> W', V'
  // g = gradientFactor * G + weightDecay * W; V' = momentum * V + g;
  // W' = W - learningRate * (nesterov ? g + momentum * V' : V')
  Sgd: {
    arity: [4, 4],
    attributes: { momentum: real(0), nesterov: flag(0), weightDecay: real(0) },
    infer: sgd,
    cost: perElement(6),
    inPlace: [[0], [2]],
  },
  // W, G, M, V, s [learningRate, gradientFactor, 1 - beta1^t, 1 - beta2^t] -> W', M', V'
  // decoupled: 0 is Adam with L2, 1 is AdamW
  Adam: {
    arity: [5, 5],
    attributes: {
      beta1: real(0.9),
      beta2: real(0.999),
      epsilon: real(1e-8),
      weightDecay: real(0),
      decoupled: flag(0),
    },
    infer: adam,
    cost: perElement(16),
    inPlace: [[0], [2], [3]],
  },
} satisfies Record<string, Operator>;
