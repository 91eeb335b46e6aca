import { expect, test } from 'vitest';

import type { Device } from './device.ts';
import { countIn, trafficIn } from './figures.ts';
import { describeDevices, ownLaboratory } from './laboratory.ts';

const device = (board: string, coreShare: number, link: Partial<Device['link']> = {}): Device => ({
  name: `${board}-1`,
  board,
  coreFlops: 5e9,
  coreShare,
  memoryBytes: 4.29e9,
  link: { kind: 'wired', bitsPerSecond: 20e6, latencySeconds: 0, ...link },
});

test('devices and scale as a person reads them', () => {
  const [fast, slow] = [
    device('pi-4b', 0.1117),
    device('pi-3b+', 0.04, { kind: 'wifi', latencySeconds: 0.002 }),
  ];
  expect(describeDevices([fast, fast, slow], 1)).toBe(
    '3 emulated devices at scale 1: 2 x pi-4b (2 cores of 0.11, 4.3 GB, 20 Mbit/s), pi-3b+ (2 cores of 0.04, 4.3 GB, Wi-Fi shared at 20 Mbit/s and 2 ms)',
  );
  expect(describeDevices([fast], 0.4)).toMatch(
    /^1 emulated device at scale 0.4, 2.5 times slower than real ones: pi-4b \(/,
  );
});

test('a process knows its lab, and where in it it is, by its environment', () => {
  const laboratory = { description: 'two', scale: 1, devices: [device('a', 1), device('b', 1)] };
  const environment = { RINGTMP_LAB: JSON.stringify(laboratory), RINGTMP_LAB_DEVICE: '2' };
  expect(ownLaboratory(environment)).toEqual({ ...laboratory, own: laboratory.devices[1] });
  expect(ownLaboratory({})).toBeUndefined();
});

test('figures are read as the kernel writes them', () => {
  const statistics = 'nr_periods 12\nnr_throttled 7\nthrottled_time 5\n';
  expect(countIn(statistics, 'nr_throttled')).toBe(7);
  expect(countIn(statistics, 'nr')).toBe(0);
  const shown = '[{"ifname":"eth0","stats64":{"rx":{"bytes":5,"packets":1},"tx":{"bytes":9}}}]';
  expect(trafficIn(shown)).toEqual({ receivedBytes: 5, sentBytes: 9 });
});
