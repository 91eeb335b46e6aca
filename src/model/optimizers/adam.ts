// Adam (Kingma & Ba 2015) and AdamW (Loshchilov & Hutter 2019), by PyTorch's formulas. They differ in
// where weight decay enters: into the gradient, or straight into the parameter.

import { z } from 'zod';
import { valueOf } from '../layers/layer.ts';
import { defineOptimizer } from './optimizer.ts';

/** base to a whole power by multiplications alone: the same bits everywhere, unlike Math.pow. */
function power(base: number, exponent: number): number {
  let result = 1;
  let square = base;
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result *= square;
    square *= square;
  }
  return result;
}

const options = <Kind extends string>(kind: Kind, weightDecay: number, about: string) =>
  z
    .strictObject({
      kind: z.literal(kind).describe('The kind of optimizer.'),
      beta1: z
        .number()
        .min(0)
        .lt(1)
        .default(0.9)
        .describe('How long the mean gradient is remembered.'),
      beta2: z
        .number()
        .min(0)
        .lt(1)
        .default(0.999)
        .describe('How long the mean squared gradient is remembered.'),
      epsilon: z
        .number()
        .positive()
        .default(1e-8)
        .describe('Added to the root of the mean squared gradient, against division by zero.'),
      weightDecay: z
        .number()
        .min(0)
        .default(weightDecay)
        .describe('How strongly parameters are drawn towards zero.'),
    })
    .describe(about);

const define = <Kind extends string>(kind: Kind, weightDecay: number, about: string) =>
  defineOptimizer({
    options: options(kind, weightDecay, about),
    defaultRate: 0.001,
    state: () => ['mean', 'variance'],
    scalarCount: 4,
    scalars: ({ beta1, beta2 }, step, rate, factor) =>
      Float32Array.of(rate, factor, 1 - power(beta1, step), 1 - power(beta2, step)),
    update(builder, { beta1, beta2, epsilon, weightDecay }, inputs) {
      const [parameter = '', mean = '', variance = ''] = builder.applyAll(
        'Adam',
        [
          inputs.parameter,
          inputs.gradient,
          valueOf(inputs.state, 'mean'),
          valueOf(inputs.state, 'variance'),
          inputs.scalars,
        ],
        { beta1, beta2, epsilon, weightDecay, decoupled: kind === 'adamw' ? 1 : 0 },
      );
      return { parameter, state: { mean, variance } };
    },
  });

export const adam = define('adam', 0, 'Adam: every parameter finds its own pace.');

export const adamw = define('adamw', 0.01, 'Adam with weight decay apart from the gradient.');
