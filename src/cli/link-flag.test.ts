import { expect, test } from 'vitest';

import { describeLink, formatLink, parseLink, parseLinkShape } from './link-flag.ts';

test.each([
  [
    '20mbit',
    { kind: 'duplex', bytesPerSecond: 2.5e6, latencySeconds: 0.001 },
    '20 Mbit/s each way, 1 ms',
  ],
  [
    '1.5Gbit, 0.2ms',
    { kind: 'duplex', bytesPerSecond: 1.875e8, latencySeconds: 0.0002 },
    '1500 Mbit/s each way, 0.2 ms',
  ],
  [
    '800kbit,30ms,shared',
    { kind: 'shared', bytesPerSecond: 1e5, latencySeconds: 0.03 },
    '0.8 Mbit/s shared by all, 30 ms',
  ],
  [
    '54mbit,shared',
    { kind: 'shared', bytesPerSecond: 6.75e6, latencySeconds: 0.001 },
    '54 Mbit/s shared by all, 1 ms',
  ],
])('%s', (text, link, described) => {
  expect(parseLink(text)).toEqual(link);
  expect(describeLink(parseLink(text))).toBe(described);
});

test.each(['', '20', '20mb', '0mbit', '20mbit,5', '20mbit,5ms,6ms', '-3mbit', 'fast'])(
  'refuses %o in one line',
  (text) => {
    expect(() => parseLink(text)).toThrow(/^--link .*: give a rate .*$/);
  },
);

test('what a worker is told is what was asked for', () => {
  const shape = parseLinkShape('20mbit,5ms');
  expect(parseLinkShape(formatLink(shape))).toEqual(shape);
});

test('processes cannot share a medium', () => {
  expect(() => parseLinkShape('20mbit,shared')).toThrow(/cannot share a medium/);
});
