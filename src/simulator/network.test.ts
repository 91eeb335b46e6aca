import { expect, test } from 'vitest';

import { Network } from './network.ts';

const path = () => ({ latencySeconds: 0.5, bytesPerSecond: Infinity });

test('a device sends over all its links at one rate, and receives at it at the same time', () => {
  const network = new Network(path, { kind: 'duplex', bytesPerSecond: 10 });
  expect(network.send(0, 'a', 'b', 10)).toEqual({ start: 0, end: 1 });
  expect(network.send(0, 'a', 'c', 10)).toEqual({ start: 1, end: 2 });
  expect(network.send(0, 'b', 'a', 10)).toEqual({ start: 0, end: 1 });
});

test('what several send to one device at once queues at its downlink', () => {
  const network = new Network(path, { kind: 'duplex', bytesPerSecond: 10 });
  const ends = ['a', 'b', 'c'].map((from) => network.send(0, from, 'server', 10).end);
  expect(ends).toEqual([1, 1, 1]);
  expect(ends.map((end) => network.receive(end, 'server', 10))).toEqual([1, 2, 3]);
});

test('on a shared medium frames take turns, and each crosses it twice', () => {
  const network = new Network(path, { kind: 'shared', bytesPerSecond: 10 });
  expect(network.send(0, 'a', 'b', 10)).toEqual({ start: 0, end: 2 });
  expect(network.send(0, 'c', 'd', 10)).toEqual({ start: 2, end: 4 });
  expect(network.receive(4, 'd', 10)).toBe(4);
});

test('without access only the links limit, each by itself', () => {
  const network = new Network(() => ({ latencySeconds: 0, bytesPerSecond: 5 }), undefined);
  expect(network.send(0, 'a', 'b', 10).end).toBe(2);
  expect(network.send(0, 'a', 'c', 10).end).toBe(2);
  expect(network.send(0, 'a', 'b', 10).end).toBe(4);
  expect(network.leftBy(0, 'a', 'b')).toBe(4);
});
