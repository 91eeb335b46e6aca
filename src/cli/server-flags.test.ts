import { describe, expect, test } from 'vitest';

import { serverOf } from './server-flags.ts';
import type { ServerFlags } from './server-flags.ts';

const architecture = 'parameter-server';
const settings = (flags: ServerFlags, nodes = 4, clipNorm?: number) =>
  serverOf({ architecture, ...flags }, { clipNorm }, nodes);

describe('flags of a parameter server', () => {
  test.each<[ServerFlags, object]>([
    [{}, { consistency: { kind: 'bsp' }, servers: 1 }],
    [{ consistency: 'async' }, { consistency: { kind: 'async' }, servers: 1 }],
    [
      { consistency: 'ssp:2', servers: '3' },
      { consistency: { kind: 'ssp', bound: 2 }, servers: 3 },
    ],
    [{ consistency: 'ssp:0' }, { consistency: { kind: 'bsp' }, servers: 1 }],
    [{ servers: 'colocated' }, { consistency: { kind: 'bsp' }, servers: 'colocated' }],
  ])('%j', (flags, expected) => {
    expect(settings(flags)).toEqual(expected);
  });

  test.each<[ServerFlags, string]>([
    [{ consistency: 'ssp' }, "'ssp' is no consistency"],
    [{ consistency: 'ssp:-1' }, "'ssp:-1' is no consistency"],
    [{ servers: '0' }, 'a whole number from 1'],
    [{ servers: '4' }, 'leaves none of 4 nodes'],
    [{ servers: '1.5' }, 'a whole number from 1'],
  ])('%j is refused', (flags, message) => {
    expect(() => settings(flags)).toThrow(message);
  });

  test('async and ssp cannot clip', () => {
    expect(() => settings({ consistency: 'async' }, 4, 1)).toThrow('clipNorm needs the gradients');
    expect(settings({}, 4, 1)).toMatchObject({ servers: 1 });
  });

  test('are for a parameter server only', () => {
    expect(serverOf({}, {}, 4)).toBeUndefined();
    expect(() => serverOf({ servers: '2' }, {}, 4)).toThrow('--architecture parameter-server');
  });
});
