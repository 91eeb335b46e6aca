// Reference kernels: parameter updates, by PyTorch's formulas.

import type { Attributes } from '../../src/graph/graph.ts';
import { numberOf } from '../../src/graph/attributes.ts';
import type { Kernel } from './operand.ts';
import { at, read } from './operand.ts';

const constants = (attributes: Attributes, names: readonly string[]): number[] =>
  names.map((name) => numberOf(attributes, name));

const sgd: Kernel = (inputs, attributes) => {
  const [w, g, v, s] = [at(inputs, 0), at(inputs, 1), inputs[2], at(inputs, 3)];
  const [momentum = 0, nesterov = 0, weightDecay = 0] = constants(attributes, [
    'momentum',
    'nesterov',
    'weightDecay',
  ]);
  const [rate, factor] = [read(s.data, 0), read(s.data, 1)];
  const gradients = Float64Array.from(
    g.data,
    (gradient, i) => factor * gradient + weightDecay * read(w.data, i),
  );
  const velocity = gradients.map((gradient, i) => gradient + (v ? momentum * read(v.data, i) : 0));
  const weights = Float64Array.from(w.data, (weight, i) => {
    const step = nesterov ? read(gradients, i) + momentum * read(velocity, i) : read(velocity, i);
    return weight - rate * step;
  });
  return v ? [weights, velocity] : [weights];
};

const adam: Kernel = (inputs, attributes) => {
  const [w, g, m, v, s] = [0, 1, 2, 3, 4].map((index) => at(inputs, index).data);
  if (!w || !g || !m || !v || !s) throw new Error('Adam has five inputs');
  const [beta1 = 0, beta2 = 0, epsilon = 0, weightDecay = 0, decoupled = 0] = constants(
    attributes,
    ['beta1', 'beta2', 'epsilon', 'weightDecay', 'decoupled'],
  );
  const [rate, factor, correction1, correction2] = [0, 1, 2, 3].map((index) => read(s, index)) as [
    number,
    number,
    number,
    number,
  ];
  const weights = Float64Array.from(w);
  const means = Float64Array.from(m);
  const variances = Float64Array.from(v);
  for (let i = 0; i < w.length; i++) {
    const weight = read(w, i);
    const gradient = factor * read(g, i) + (decoupled ? 0 : weightDecay * weight);
    const decayed = decoupled ? weight * (1 - rate * weightDecay) : weight;
    const mean = beta1 * read(m, i) + (1 - beta1) * gradient;
    const variance = beta2 * read(v, i) + (1 - beta2) * gradient * gradient;
    const denominator = Math.sqrt(variance) / Math.sqrt(correction2) + epsilon;
    means[i] = mean;
    variances[i] = variance;
    weights[i] = decayed - ((rate / correction1) * mean) / denominator;
  }
  return [weights, means, variances];
};

export const optimizerKernels = { Sgd: sgd, Adam: adam } satisfies Record<string, Kernel>;
