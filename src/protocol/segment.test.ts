import fc from 'fast-check';
import { expect, test } from 'vitest';

import { decodeHello, decodeSegment, encodeHello, encodeTrailer } from './segment.ts';

const number = fc.integer({ min: 0, max: 2 ** 48 - 1 });

test('segments and hellos are read as they were written', () => {
  fc.assert(
    fc.property(
      fc.uint8Array(),
      number,
      number,
      fc.nat(0xffffffff),
      (body, n, acknowledged, left) => {
        for (const kind of ['frame', 'piece', 'sign'] as const) {
          const carried = kind === 'sign' ? new Uint8Array() : body;
          const words = { kind, number: n, acknowledged, left: kind === 'piece' ? left : 0 };
          const segment = new Uint8Array([...carried, ...encodeTrailer(words)]);
          expect(decodeSegment(segment)).toEqual({ ...words, carried });
        }
        const hello = {
          kind: 'resume',
          received: n,
          id: new Uint8Array(16).fill(body.length),
        } as const;
        expect(decodeHello(encodeHello(hello))).toEqual(hello);
      },
    ),
  );
});

const trailer = encodeTrailer({ kind: 'sign', number: 1, acknowledged: 0, left: 0 });
const changed = (at: number, value: number): Uint8Array => trailer.with(at, value);

test.each<[string, () => unknown]>([
  ['no segment', () => decodeSegment(new Uint8Array(19))],
  ['an unknown kind', () => decodeSegment(changed(6, 3))],
  ['a sign with a piece to come', () => decodeSegment(changed(16, 1))],
  ['something where nothing belongs', () => decodeSegment(changed(14, 1))],
  ['a sign that carries something', () => decodeSegment(new Uint8Array([0, ...trailer]))],
  ['a short hello', () => decodeHello(new Uint8Array(23))],
  ['a hello of an unknown kind', () => decodeHello(new Uint8Array(24).fill(9))],
])('%s is refused', (_, decode) => {
  expect(decode).toThrow(expect.objectContaining({ code: 'PROTOCOL' }));
});
