import { expect, test } from 'vitest';

import { shared } from './payload.ts';

test('what several read is released when the last of them has read it', () => {
  let released = 0;
  const [first, second, third] = shared({ bytes: 8, release: () => (released += 1) }, 3);
  first!.release!();
  third!.release!();
  expect(released).toBe(0);
  second!.release!();
  expect(released).toBe(1);
});

test('memory that nobody waits for is just shared', () => {
  const payload = { bytes: 8 };
  expect(shared(payload, 2)).toEqual([payload, payload]);
});
