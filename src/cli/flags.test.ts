import { expect, test } from 'vitest';
import { usageLine } from './fail.ts';
import { positiveNumber, share, wholeNumber } from './flags.ts';
import { reachableInvitations } from './invitations.ts';
import { engineOf, workersOf } from './ring-flags.ts';
import { newRunFolder } from './run-folder.ts';

test('numbers are numbers', () => {
  expect(wholeNumber(1)('12')).toBe(12);
  for (const text of ['0', '-1', '1.5', '1e3', '', 'x', '99999999999999999'])
    expect(() => wholeNumber(1)(text)).toThrow('A whole number from 1');
  expect(positiveNumber('1e-3')).toBe(0.001);
  for (const text of ['0', '-1', '', 'x', 'Infinity'])
    expect(() => positiveNumber(text)).toThrow('above 0');
  expect(share('1')).toBe(1);
  for (const text of ['0', '1.01', '95', 'x']) expect(() => share(text)).toThrow('above 0');
});

test('a ring is local, or waits; not both, not half', () => {
  expect(workersOf({}, 4)).toEqual({ kind: 'local', count: 3 });
  expect(workersOf({ nodes: 2 }, 4)).toEqual({ kind: 'local', count: 1 });
  expect(workersOf({ workers: 2, listen: ':0' }, 4)).toEqual({
    kind: 'join',
    count: 2,
    listen: ':0',
  });
  expect(() => workersOf({ workers: 2 }, 4)).toThrow('--workers needs --listen');
  expect(() => workersOf({ listen: ':0' }, 4)).toThrow('--workers N');
  expect(() => workersOf({ nodes: 2, workers: 2, listen: ':0' }, 4)).toThrow('give one of them');
});

test('threads are as many as there are cores at most; a file may come from a larger device', () => {
  expect(engineOf({ threads: 4 }, {}, 4)).toEqual({ kind: 'auto', threads: 4 });
  expect(engineOf({}, { threads: 8, engine: 'wasm' }, 4)).toEqual({ kind: 'wasm', threads: 4 });
  expect(engineOf({ threads: 2 }, { threads: 8 }, 4).threads).toBe(2);
  expect(() => engineOf({ threads: 5 }, {}, 4)).toThrow('--threads 5 is more than the 4 cores');
  expect(() => engineOf({ threads: 2 }, {}, 1)).toThrow('the 1 core of this device');
});

test('what commander says becomes one line', () => {
  expect(usageLine("error: unknown option '--ndoes'\n(Did you mean --nodes?)\n")).toBe(
    "ringtmp: unknown option '--ndoes'; did you mean --nodes?\n",
  );
});

test('a master on all its addresses names each that others can reach', () => {
  const secret = 'abcdefghijklmnopqrstuv';
  const entry = (address: string, family: 'IPv4' | 'IPv6', internal = false) =>
    ({ address, family, internal, netmask: '', mac: '', cidr: null, scopeid: 0 }) as never;
  const interfaces = {
    lo: [entry('127.0.0.1', 'IPv4', true)],
    eth0: [entry('192.168.1.7', 'IPv4'), entry('fe80::1', 'IPv6'), entry('2001:db8::7', 'IPv6')],
  };
  const of = (host: string): string[] =>
    reachableInvitations(`${host}:7000#${secret}`, interfaces).map((line) => line.split('#')[0]!);
  expect(of('10.0.0.1')).toEqual(['10.0.0.1:7000']);
  expect(of('0.0.0.0')).toEqual(['192.168.1.7:7000']);
  expect(of('[::]')).toEqual(['192.168.1.7:7000', '[2001:db8::7]:7000']);
  expect(reachableInvitations(`0.0.0.0:1#${secret}`, {})).toEqual([`127.0.0.1:1#${secret}`]);
});

test('a run is named after its training and the time', () => {
  const date = new Date(2026, 0, 2, 3, 4, 5);
  expect(newRunFolder('MNIST, dense / 2', date)).toBe('runs/MNIST-dense-2-20260102-030405');
  expect(newRunFolder('../..', date)).toBe('runs/run-20260102-030405');
});
