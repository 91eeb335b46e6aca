import { expect, test } from 'vitest';

import { requireCapacity } from './capacity.ts';
import type { Device } from './device.ts';

const device = (coreShare: number, memoryBytes = 1e9): Device => ({
  name: 'board-1',
  board: 'board',
  coreFlops: 5e9,
  coreShare,
  memoryBytes,
  link: { kind: 'wired', bitsPerSecond: 20e6, latencySeconds: 0 },
});
const host = { cores: 2, takenCores: 0, memoryBytes: 8e9 };

test('devices that need no more than there is are carried', () => {
  expect(() => requireCapacity([device(0.5), device(0.5)], 1, host)).not.toThrow();
});

test('more processor than there is is refused, with the sum and the scale that fits', () => {
  const many = [...Array.from({ length: 4 }, () => device(0.3)), device(0.1)];
  expect(() => requireCapacity(many, 1, host)).toThrow(
    'the devices, of 2 cores each, need 2.60 (8 x 0.30 + 2 x 0.10) cores, of which none may need more than 1, and this machine has 2: give fewer or slower devices, or --scale 0.76 for',
  );
});

test('what another lab has is not there', () => {
  const busy = { ...host, takenCores: 1.5 };
  expect(() => requireCapacity([device(0.25)], 1, busy)).not.toThrow();
  expect(() => requireCapacity([device(0.5)], 1, busy)).toThrow(
    'has 2, 1.50 of them taken by another lab: give fewer or slower devices, or --scale 0.50 for',
  );
});

test('a device cannot be faster than one core', () => {
  expect(() => requireCapacity([device(1.25)], 0.5, host)).toThrow('--scale 0.40 for');
});

test('more memory than there is is refused, with the sum', () => {
  expect(() => requireCapacity([device(0.1, 4e9), device(0.1, 4.5e9)], 1, host)).toThrow(
    'the devices hold 8.50 (4.00 + 4.50) GB, and this machine has 8.00 GB free: give fewer devices, or less memory to each, as in board@512mb',
  );
});
