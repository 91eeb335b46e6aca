import { z } from 'zod';
import { defineOptimizer } from './optimizer.ts';

/** Stochastic gradient descent with momentum, as PyTorch's SGD (dampening 0). */
export const sgd = defineOptimizer({
  options: z
    .strictObject({
      kind: z.literal('sgd').describe('The kind of optimizer.'),
      momentum: z
        .number()
        .min(0)
        .lt(1)
        .default(0)
        .describe('The share of the last update that carries on into the next.'),
      nesterov: z
        .boolean()
        .default(false)
        .describe("Whether the momentum looks one step ahead (Nesterov's form)."),
      weightDecay: z
        .number()
        .min(0)
        .default(0)
        .describe('How strongly parameters are drawn towards zero.'),
    })
    .describe('Stochastic gradient descent.'),
  defaultRate: 0.01,
  state: ({ momentum }) => (momentum > 0 ? ['momentum'] : []),
  scalarCount: 2,
  scalars: (_, _step, rate, factor) => Float32Array.of(rate, factor),
  update(builder, { momentum, nesterov, weightDecay }, inputs) {
    const velocity = inputs.state['momentum'] ?? '';
    const [parameter = '', next = ''] = builder.applyAll(
      'Sgd',
      [inputs.parameter, inputs.gradient, velocity, inputs.scalars],
      { momentum, nesterov: nesterov ? 1 : 0, weightDecay },
    );
    return { parameter, state: momentum > 0 ? { momentum: next } : {} };
  },
});
