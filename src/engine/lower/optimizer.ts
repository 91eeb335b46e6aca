// Optimizer updates: one kernel call for each parameter.

import { numberOf } from '../../graph/attributes.ts';
import { elementCount } from '../../graph/graph.ts';
import type { Lower, Lowering } from '../lower.ts';
import { input, output } from './node.ts';

function sgd(node: Lowering): void {
  const [weights, gradient, scalars] = [input(node, 0).at, input(node, 1).at, input(node, 3).at];
  const count = elementCount(input(node, 0).shape);
  const attribute = (name: string) => numberOf(node.attributes, name);
  const velocity = node.inputs[2];
  if (!velocity) {
    const decay = attribute('weightDecay');
    node.call('sgd', weights, gradient, scalars, output(node).at, count, decay);
    return;
  }
  const operands = [weights, gradient, velocity.at, scalars];
  const results = [output(node).at, output(node, 1).at];
  const constants = ['momentum', 'nesterov', 'weightDecay'].map(attribute);
  node.call('sgdMomentum', ...operands, ...results, count, ...constants);
}

function adam(node: Lowering): void {
  const attribute = (name: string) => numberOf(node.attributes, name);
  const [beta1, beta2] = [attribute('beta1'), attribute('beta2')];
  const operands = node.inputs.map((_, index) => input(node, index).at);
  const results = node.outputs.map((place) => place.at);
  const count = elementCount(input(node, 0).shape);
  // 1 - beta in float64: in float32 it would lose digits.
  const betas = [beta1, 1 - beta1, beta2, 1 - beta2];
  const constants = ['epsilon', 'weightDecay', 'decoupled'].map(attribute);
  node.call('adam', ...operands, ...results, count, ...betas, ...constants);
}

export const optimizers = { Sgd: sgd, Adam: adam } satisfies Record<string, Lower>;
