// Gradients of the operators that treat every element alike. What was broadcast is summed back.

import type { Differential, GradientRules } from './rule.ts';

/** A rule for input `index` whose gradient has the output's shape before it is summed back. */
const summed = (index: number, gradient: (node: Differential) => string) => (node: Differential) =>
  node.sumTo(gradient(node), node.shape(node.x(index)));

const negated = (node: Differential, value: string) => node.apply('Neg', [value]);
const times = (node: Differential, a: string, b: string) => node.apply('Mul', [a, b]);

/** The gradient operator of that name, of dY and the activation's output. */
const fromOutput = (op: string): GradientRules => [
  (node) => node.apply(op, [node.dy, node.y], node.node.attributes),
];

/** The gradient operator of that name, of dY and the activation's input. */
const fromInput = (op: string): GradientRules => [
  (node) => node.apply(op, [node.dy, node.x()], node.node.attributes),
];

export const elementwiseGradients = {
  Add: [summed(0, ({ dy }) => dy), summed(1, ({ dy }) => dy)],
  Sub: [
    summed(0, ({ dy }) => dy),
    (node) => negated(node, node.sumTo(node.dy, node.shape(node.x(1)))),
  ],
  Mul: [
    summed(0, (node) => times(node, node.dy, node.x(1))),
    summed(1, (node) => times(node, node.dy, node.x(0))),
  ],
  // d(a/b) = da/b - (a/b) db/b
  Div: [
    summed(0, (node) => node.apply('Div', [node.dy, node.x(1)])),
    summed(1, (node) =>
      negated(node, node.apply('Div', [times(node, node.dy, node.y), node.x(1)])),
    ),
  ],
  Neg: [(node) => negated(node, node.dy)],
  Exp: [(node) => times(node, node.dy, node.y)],
  Log: [(node) => node.apply('Div', [node.dy, node.x()])],
  Sqrt: [(node) => node.apply('Div', [node.dy, node.apply('Add', [node.y, node.y])])],
  Softplus: [(node) => times(node, node.dy, node.apply('Sigmoid', [node.x()]))],
  Relu: fromOutput('ReluGradient'),
  LeakyRelu: fromOutput('LeakyReluGradient'),
  Elu: fromOutput('EluGradient'),
  Tanh: fromOutput('TanhGradient'),
  Sigmoid: fromOutput('SigmoidGradient'),
  Gelu: fromInput('GeluGradient'),
  Silu: fromInput('SiluGradient'),
  Scale: [
    (node) => node.apply('Scale', [node.dy, node.x(1)]),
    (node) => {
      const axes = [...node.shape(node.dy).keys()];
      return node.apply('ReduceSum', [times(node, node.dy, node.x(0))], { axes, keepdims: 0 });
    },
  ],
  // The same elements are kept, and scaled alike.
  Dropout: [(node) => node.apply('Dropout', [node.dy, node.x(1)], node.node.attributes), undefined],
} satisfies Record<string, GradientRules>;
