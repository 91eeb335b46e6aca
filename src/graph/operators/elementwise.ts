// Operators that treat every element alike: arithmetic with ONNX's broadcasting, activations and their
// gradients, dropout. Where a gradient can be had from the activation's output it is, so that the
// input need not be kept for the backward pass.

import { rule, word } from '../attributes.ts';
import type { TensorType } from '../graph.ts';
import type { Application, Operator } from './operator.ts';
import {
  broadcastShapes,
  float32,
  misfit,
  operand,
  operandOfShape,
  perElement,
  sameShape,
} from './operator.ts';

function broadcast(application: Application): readonly TensorType[] {
  const shape = broadcastShapes(operand(application, 0).shape, operand(application, 1).shape);
  if (!shape) throw misfit(application, 'shapes that broadcast');
  return [float32(shape)];
}

const binary: Operator = {
  arity: [2, 2],
  attributes: {},
  infer: broadcast,
  cost: perElement(1),
  inPlace: [[0, 1]],
};

const unary = (flops: number, attributes: Operator['attributes'] = {}): Operator => ({
  arity: [1, 1],
  attributes,
  infer: (application) => [operand(application, 0)],
  cost: perElement(flops),
  inPlace: [[0]],
});

/** dY and the activation's input or output, of one shape. */
const gradient = (flops: number, attributes: Operator['attributes'] = {}): Operator => ({
  arity: [2, 2],
  attributes,
  infer: (application) => {
    const type = operand(application, 0);
    operandOfShape(application, 1, type.shape);
    return [type];
  },
  cost: perElement(flops),
  inPlace: [[0]],
});

/** X and a float32 scalar. */
function scale(application: Application): readonly TensorType[] {
  operandOfShape(application, 1, []);
  return [operand(application, 0)];
}

function dropout(application: Application): readonly TensorType[] {
  const type = operand(application, 0);
  const counter = operand(application, 1, 1, 'int32');
  if (type.shape.length === 0 || !sameShape(counter.shape, [2])) {
    throw misfit(application, 'rows and a counter, int32 [2]');
  }
  return [type];
}

const positive = rule('a number above 0', (value) => typeof value === 'number' && value > 0);
const ratio = rule(
  'a number of at least 0 and below 1',
  (value) => typeof value === 'number' && value >= 0 && value < 1,
);

export const elementwise = {
  Add: binary,
  Sub: binary,
  Mul: binary,
  Div: binary,
  Neg: unary(1),
  Exp: unary(8),
  Log: unary(8),
  Sqrt: unary(4),
  Softplus: unary(16),
  Relu: unary(1),
  LeakyRelu: unary(2, { alpha: { ...positive, default: 0.01 } }),
  Elu: unary(9, { alpha: { ...positive, default: 1 } }),
  Gelu: unary(16),
  Silu: unary(10),
  Tanh: unary(10),
  Sigmoid: unary(10),
  // dY, Y -> dX: from the activation's output
  ReluGradient: gradient(1),
  LeakyReluGradient: gradient(2, { alpha: { ...positive, default: 0.01 } }),
  EluGradient: gradient(3, { alpha: { ...positive, default: 1 } }),
  TanhGradient: gradient(3),
  SigmoidGradient: gradient(3),
  // dY, X -> dX: from the activation's input
  GeluGradient: gradient(26),
  SiluGradient: gradient(14),
  // X, s [] -> X times a scalar given at run time
  Scale: { arity: [2, 2], attributes: {}, infer: scale, cost: perElement(1), inPlace: [[0]] },
  // X [rows, ...], counter [step, position] -> Y: which elements are kept is drawn by counter from
  // seed, layer, step, row and element, whoever computes it
  Dropout: {
    arity: [2, 2],
    attributes: { ratio, seed: word, layer: word },
    infer: dropout,
    cost: perElement(12),
    inPlace: [[0]],
  },
} satisfies Record<string, Operator>;
