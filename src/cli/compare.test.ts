import { expect, test } from 'vitest';

import { architecturesOf } from './compare.ts';

test('what is named twice is compared once', () => {
  expect(architecturesOf('ring, single,ring')).toEqual(['ring', 'single']);
  expect(architecturesOf('parameter-server,parameter-server-colocated')).toEqual([
    'parameter-server',
    'parameter-server-colocated',
  ]);
  expect(() => architecturesOf('ring,star')).toThrow("'star' is no architecture");
});
