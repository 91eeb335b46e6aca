import { expect, test } from 'vitest';

import { parseConsistency, requireNoClipping } from './consistency.ts';

test.each([
  ['bsp', { kind: 'bsp' }],
  ['ssp:0', { kind: 'bsp' }],
  ['async', { kind: 'async' }],
  ['ssp:12', { kind: 'ssp', bound: 12 }],
] as const)('%s', (text, expected) => {
  expect(parseConsistency(text)).toEqual(expected);
});

test.each(['', 'ssp', 'ssp:', 'ssp:-1', 'ssp:1.5', 'BSP', 'ssp:1234567'])(
  '%j is refused',
  (text) => {
    expect(() => parseConsistency(text)).toThrowError(
      /is no consistency: give bsp, async, or ssp:S/,
    );
  },
);

test('only bsp clips', () => {
  expect(() => requireNoClipping({ kind: 'bsp' }, 1)).not.toThrow();
  expect(() => requireNoClipping({ kind: 'async' }, undefined)).not.toThrow();
  expect(() => requireNoClipping({ kind: 'async' }, 1)).toThrowError(/use bsp/);
  expect(() => requireNoClipping({ kind: 'ssp', bound: 1 }, 1)).toThrowError(/use bsp/);
});
