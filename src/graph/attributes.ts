// Attributes are the constants of a node. An operator declares which it takes, so that a node always
// carries all of them, checked, with the defaults filled in: whoever reads a graph need not know them.

import { RingError } from '../errors.ts';
import type { AttributeValue, Attributes } from './graph.ts';

export interface AttributeRule {
  readonly expects: string;
  readonly accepts: (value: AttributeValue) => boolean;
  readonly default?: AttributeValue;
}

export type AttributeRules = Readonly<Record<string, AttributeRule>>;

/** A rule of its own. */
export const rule = (
  expects: string,
  accepts: (value: AttributeValue) => boolean,
  fallback?: AttributeValue,
): AttributeRule =>
  fallback === undefined ? { expects, accepts } : { expects, accepts, default: fallback };

const isInteger = (value: unknown, minimum: number): boolean =>
  Number.isSafeInteger(value) && (value as number) >= minimum;

/** 0 or 1. */
export const flag = (fallback?: 0 | 1): AttributeRule =>
  rule('0 or 1', (value) => value === 0 || value === 1, fallback);

/** A finite number. */
export const real = (fallback?: number): AttributeRule =>
  rule('a finite number', (value) => Number.isFinite(value), fallback);

/** An integer of at least `minimum`. */
export const integer = (minimum: number, fallback?: number): AttributeRule =>
  rule(`an integer of at least ${minimum}`, (value) => isInteger(value, minimum), fallback);

/** An unsigned integer of 32 bits. */
export const word: AttributeRule = rule(
  'an integer from 0 to 2^32 - 1',
  (value) => isInteger(value, 0) && (value as number) <= 0xffffffff,
);

/** A list of integers of at least `minimum` each; of any length where none is given. */
export const integers = (
  minimum: number,
  length?: number,
  fallback?: readonly number[],
): AttributeRule =>
  rule(
    `${length ?? 'any number of'} integers of at least ${minimum}`,
    (value) =>
      Array.isArray(value) &&
      (length === undefined || value.length === length) &&
      value.every((entry) => isInteger(entry, minimum)),
    fallback,
  );

/** `given` with defaults filled in. Errors: GRAPH for an unknown, missing or wrong attribute. */
export function completeAttributes(
  op: string,
  rules: AttributeRules,
  given: Attributes,
): Attributes {
  const unknown = Object.keys(given).find((name) => !(name in rules));
  if (unknown !== undefined) {
    const known = Object.keys(rules).join(', ') || 'none';
    throw new RingError('GRAPH', `${op} has no attribute ${unknown}; it takes: ${known}`);
  }
  const complete: Record<string, AttributeValue> = {};
  for (const [name, { expects, accepts, default: fallback }] of Object.entries(rules)) {
    const value = given[name] ?? fallback;
    if (value === undefined || !accepts(value)) {
      throw new RingError(
        'GRAPH',
        `${op}: attribute ${name} is ${JSON.stringify(value)}, expected ${expects}`,
      );
    }
    complete[name] = value;
  }
  return complete;
}

/** A numeric attribute of a checked node. */
export function numberOf(attributes: Attributes, name: string): number {
  const value = attributes[name];
  if (typeof value !== 'number') throw new RingError('GRAPH', `attribute ${name} is not a number`);
  return value;
}

/** An attribute of a checked node that is a list. */
export function integersOf(attributes: Attributes, name: string): readonly number[] {
  const value = attributes[name];
  if (!Array.isArray(value)) throw new RingError('GRAPH', `attribute ${name} is not a list`);
  return value as readonly number[];
}
