import { expect, test } from 'vitest';

import { parseDevices, scaled } from './device.ts';
import type { Board } from './device.ts';

const boards: Readonly<Record<string, Board>> = {
  'pi-4b': { name: 'pi-4b', coreFlops: 5e9, coreShare: 0.1, memoryBytes: 4e9, link: 'wifi' },
  'pi-2b': { name: 'pi-2b', coreFlops: 1e9, coreShare: 0.02, memoryBytes: 1e9, link: 'wired' },
};
const parse = (text: string) => parseDevices(text, (name) => boards[name]!);

test('devices are counted through, each with the link and memory of its board', () => {
  expect(parse('2xpi-4b,pi-2b')).toEqual([
    {
      name: 'pi-4b-1',
      board: 'pi-4b',
      coreFlops: 5e9,
      coreShare: 0.1,
      memoryBytes: 4e9,
      link: { kind: 'wifi', bitsPerSecond: 40e6, latencySeconds: 0.002 },
    },
    {
      name: 'pi-4b-2',
      board: 'pi-4b',
      coreFlops: 5e9,
      coreShare: 0.1,
      memoryBytes: 4e9,
      link: { kind: 'wifi', bitsPerSecond: 40e6, latencySeconds: 0.002 },
    },
    {
      name: 'pi-2b-3',
      board: 'pi-2b',
      coreFlops: 1e9,
      coreShare: 0.02,
      memoryBytes: 1e9,
      link: { kind: 'wired', bitsPerSecond: 100e6, latencySeconds: 0 },
    },
  ]);
});

test.each([
  ['pi-4b@20mbit', { kind: 'wired', bitsPerSecond: 20e6, latencySeconds: 0 }, 4e9],
  ['pi-4b@1.5gbit@5ms', { kind: 'wired', bitsPerSecond: 1.5e9, latencySeconds: 0.005 }, 4e9],
  ['pi-2b@wifi@512mb', { kind: 'wifi', bitsPerSecond: 40e6, latencySeconds: 0.002 }, 512e6],
  ['pi-2b@300kbit@wifi', { kind: 'wifi', bitsPerSecond: 300e3, latencySeconds: 0.002 }, 1e9],
  ['pi-4b@0ms', { kind: 'wifi', bitsPerSecond: 40e6, latencySeconds: 0 }, 4e9],
])('behind @ stands what differs: %s', (text, link, memoryBytes) => {
  const [device] = parse(text);
  expect(device).toMatchObject({ link, memoryBytes });
});

test.each([
  ['', 'is no device'],
  ['0xpi-4b', 'is no device'],
  ['4pi', 'is no device'],
  ['2xpi-4b,', 'is no device'],
  ['pi-4b@fast', "'@fast' says nothing of a device"],
  ['pi-4b@20', "'@20' says nothing"],
  ['pi-4b@1mb', "'@1mb' says nothing"],
  ['pi-4b@0mbit', "'@0mbit' says nothing"],
  ['201xpi-4b', 'at most 200'],
  ['pi-4b@wifi,pi-4b@wifi@20mbit', '40 Mbit/s and 20 Mbit/s'],
])('what cannot be understood is refused: %j', (text, message) => {
  expect(() => parse(text)).toThrow(message);
});

test('in slow motion everything is as much slower', () => {
  const [device] = scaled(parse('pi-4b@20mbit@5ms'), 0.5);
  expect(device).toMatchObject({
    coreFlops: 2.5e9,
    coreShare: 0.05,
    memoryBytes: 4e9,
    link: { bitsPerSecond: 10e6, latencySeconds: 0.01 },
  });
});
