// Operators that fold an axis or more: sums, softmax and the loss on it, the place of the maximum.

import { flag, integers, integersOf } from '../attributes.ts';
import type { TensorType } from '../graph.ts';
import type { Application, Operator } from './operator.ts';
import {
  float32,
  int32,
  misfit,
  operand,
  operandOfShape,
  perElement,
  sameShape,
} from './operator.ts';

function reduce(application: Application): readonly TensorType[] {
  const { shape } = operand(application, 0);
  const axes = integersOf(application.attributes, 'axes');
  if (axes.some((axis) => axis >= shape.length) || new Set(axes).size !== axes.length) {
    throw misfit(application, `distinct axes below its rank, not [${axes.join(', ')}]`);
  }
  const kept = application.attributes['keepdims'] === 1;
  return [
    float32(
      kept
        ? shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
        : shape.filter((_, axis) => !axes.includes(axis)),
    ),
  ];
}

const reduction: Operator = {
  arity: [1, 1],
  attributes: { axes: integers(0), keepdims: flag(1) },
  infer: reduce,
  cost: perElement(1),
  inPlace: [],
};

/** Logits [..., c], from input `index` on, and targets int32 [...]; gives the logits' type. */
function logitsAndTargets(application: Application, index: number): TensorType {
  const logits = operand(application, index);
  const targets = operand(application, index + 1, undefined, 'int32');
  if (logits.shape.length === 0 || !sameShape(targets.shape, logits.shape.slice(0, -1))) {
    throw misfit(application, `logits [..., c] and targets int32 [...] from input ${index} on`);
  }
  return logits;
}

/** The first input, which must have a last axis. */
function overLastAxis(application: Application): TensorType {
  const type = operand(application, 0);
  if (type.shape.length === 0) throw misfit(application, 'at least one axis');
  return type;
}

export const reductions = {
  ReduceSum: reduction,
  ReduceMean: reduction,
  // X -> [], accumulated in float64 in a fixed order
  ReduceSumSquare: {
    arity: [1, 1],
    attributes: {},
    infer: (application) => {
      operand(application, 0);
      return [float32([])];
    },
    cost: perElement(2),
    inPlace: [],
  },
  Softmax: {
    arity: [1, 1],
    attributes: {},
    infer: (application) => [overLastAxis(application)],
    cost: perElement(12),
    inPlace: [],
  },
  // dY, Y -> dX
  SoftmaxGradient: {
    arity: [2, 2],
    attributes: {},
    infer: (application) => {
      const type = overLastAxis(application);
      operandOfShape(application, 1, type.shape);
      return [type];
    },
    cost: perElement(4),
    inPlace: [],
  },
  // X [..., c], T int32 [...] -> L [...]
  SoftmaxCrossEntropy: {
    arity: [2, 2],
    attributes: {},
    infer: (application) => [float32(logitsAndTargets(application, 0).shape.slice(0, -1))],
    cost: perElement(10),
    inPlace: [],
  },
  // dL [...], X, T -> dX
  SoftmaxCrossEntropyGradient: {
    arity: [3, 3],
    attributes: {},
    infer: (application) => {
      const logits = logitsAndTargets(application, 1);
      operandOfShape(application, 0, logits.shape.slice(0, -1));
      return [logits];
    },
    cost: perElement(13),
    inPlace: [],
  },
  ArgMax: {
    arity: [1, 1],
    attributes: {},
    infer: (application) => [int32(overLastAxis(application).shape.slice(0, -1))],
    cost: perElement(1),
    inPlace: [],
  },
} satisfies Record<string, Operator>;
