// The one table of gradient rules, operator by operator: every backward graph follows from it.

import { RingError } from '../errors.ts';
import { elementwiseGradients } from './gradients/elementwise.ts';
import { linearGradients } from './gradients/linear.ts';
import { reductionGradients } from './gradients/reduction.ts';
import type { GradientRule, GradientRules } from './gradients/rule.ts';
import { shapeGradients } from './gradients/shape.ts';

export const gradients: Readonly<Record<string, GradientRules>> = {
  ...linearGradients,
  ...elementwiseGradients,
  ...reductionGradients,
  ...shapeGradients,
};

/** The rule for input `input` of an operator. Errors: GRAPH when it has none. */
export function gradientRule(op: string, input: number): GradientRule {
  const rules = gradients[op] ?? [];
  const rule = rules[Math.min(input, rules.length - 1)];
  if (!rule) throw new RingError('GRAPH', `${op} has no gradient for its input ${input}`);
  return rule;
}
