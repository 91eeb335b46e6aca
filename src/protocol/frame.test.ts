import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { RingError } from '../errors.ts';
import { byteLength } from '../graph/graph.ts';
import { decodeFrame, encodeFrame, prefixBytes } from './frame.ts';
import type { Frame } from './frame.ts';

const tensor = fc
  .record({
    name: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
    type: fc.record({
      type: fc.constantFrom('float32' as const, 'int32' as const),
      shape: fc.array(fc.nat(5), { maxLength: 4 }),
    }),
    fill: fc.nat(255),
  })
  .map(({ name, type, fill }) => ({
    name,
    type,
    bytes: new Uint8Array(byteLength(type)).fill(fill),
  }));

const frame: fc.Arbitrary<Frame> = fc.record({
  type: fc.nat(0xffff),
  generation: fc.nat(0xffffffff),
  fields: fc
    .dictionary(fc.string(), fc.jsonValue())
    .map((fields) => JSON.parse(JSON.stringify(fields)) as Record<string, unknown>),
  tensors: fc.array(tensor, { maxLength: 4 }),
});

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const example = (): Uint8Array<ArrayBuffer> =>
  join(
    encodeFrame({
      type: 5,
      generation: 2,
      fields: { pass: 1 },
      tensors: [
        { name: 'x1', type: { type: 'float32', shape: [3] }, bytes: new Uint8Array(12).fill(7) },
        { name: 'x2', type: { type: 'int32', shape: [1, 2] }, bytes: new Uint8Array(8).fill(9) },
      ],
    }),
  );

/** A frame whose header is `text`, followed by `rest` bytes. */
function withHeader(text: string, rest = 0): Uint8Array {
  const header = new TextEncoder().encode(text);
  const bytes = new Uint8Array(Math.ceil((prefixBytes + header.length) / 8) * 8 + rest);
  bytes.set(example().subarray(0, prefixBytes));
  new DataView(bytes.buffer).setUint32(12, header.length, true);
  bytes.set(header, prefixBytes);
  return bytes;
}

/** What reading gives; nothing when it refuses as it should. */
function attempt(read: () => Frame['tensors']): Frame['tensors'] {
  try {
    return read();
  } catch (error) {
    if (error instanceof RingError && ['PROTOCOL', 'VERSION'].includes(error.code)) return [];
    throw error;
  }
}

describe('frames', () => {
  test('come back as they were', () => {
    fc.assert(
      fc.property(frame, (given) => {
        expect(decodeFrame(join(encodeFrame(given)))).toEqual(given);
      }),
    );
  });

  test('hold their tensors as aligned views, and parts hold them uncopied', () => {
    const bytes = new Uint8Array(20);
    const type = { type: 'float32', shape: [5] } as const;
    const parts = encodeFrame({
      type: 1,
      generation: 0,
      fields: {},
      tensors: ['a', 'b'].map((name) => ({ name, type, bytes })),
    });
    expect(parts.filter((part) => part === bytes)).toHaveLength(2);
    const whole = join(parts);
    for (const tensor of decodeFrame(whole).tensors) {
      expect(tensor.bytes.buffer).toBe(whole.buffer);
      expect(tensor.bytes.byteOffset % 8).toBe(0);
    }
  });

  test('never make decoding fail otherwise than by a clear refusal, nor reach beyond themselves', () => {
    const mutations = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(frame, mutations, fc.nat(), (given, mutations, cut) => {
        const bytes = join(encodeFrame(given));
        for (const [at, value] of mutations) bytes[at % bytes.length] = value;
        const mutated = cut % 3 === 0 ? bytes.subarray(0, cut % bytes.length) : bytes;
        const read = attempt(() => decodeFrame(mutated).tensors);
        for (const tensor of read) {
          expect(tensor.bytes.buffer).toBe(bytes.buffer);
          expect(tensor.bytes.length).toBe(byteLength(tensor.type));
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('of another version are refused, with both versions named', () => {
    const bytes = example();
    new DataView(bytes.buffer).setUint16(4, 7, true);
    expect(() => decodeFrame(bytes)).toThrow(
      new RingError(
        'VERSION',
        'the peer speaks protocol version 7, this side speaks 1: install the same version of ringtmp on both',
      ),
    );
  });

  const tensors = (...list: unknown[]): string => JSON.stringify({ fields: {}, tensors: list });
  const float = (shape: unknown): unknown => ({ name: 'x', type: { type: 'float32', shape } });

  test.each<[string, Uint8Array]>([
    ['too short', example().subarray(0, 15)],
    ['truncated', example().subarray(0, -1)],
    ['longer than its tensors', join([example(), new Uint8Array(8)])],
    ['not ours', new TextEncoder().encode('GET / HTTP/1.1\r\nHost: example\r\n\r\n')],
    ['not JSON', withHeader('{"fields":')],
    ['not an object', withHeader('[]')],
    ['without tensors', withHeader('{"fields":{}}')],
    ['a tensor that is none', withHeader(tensors(null))],
    ['no name', withHeader(tensors({ name: '', type: { type: 'float32', shape: [] } }), 4)],
    [
      'a long name',
      withHeader(tensors({ name: 'x'.repeat(257), type: { type: 'int32', shape: [] } }), 4),
    ],
    [
      'an unknown type',
      withHeader(tensors({ name: 'x', type: { type: 'float64', shape: [1] } }), 8),
    ],
    ['a negative dimension', withHeader(tensors(float([-1])))],
    ['half a dimension', withHeader(tensors(float([0.5])), 2)],
    ['a huge shape', withHeader(tensors(float([4e9, 4e9, 4e9])), 8)],
    ['too many dimensions', withHeader(tensors(float([1, 1, 1, 1, 1, 1, 1, 1, 1])), 4)],
    ['too many tensors', withHeader(tensors(...Array.from({ length: 4097 }, () => float([0]))))],
  ])('malformed (%s) are refused', (_, bytes) => {
    expect(() => decodeFrame(bytes)).toThrow(expect.objectContaining({ code: 'PROTOCOL' }));
  });

  test('are not encoded with bytes that differ from the shape', () => {
    const type = { type: 'float32', shape: [2] } as const;
    const tensors = [{ name: 'x', type, bytes: new Uint8Array(4) }];
    expect(() => encodeFrame({ type: 1, generation: 0, fields: {}, tensors })).toThrow(
      /"x" with 4 bytes/,
    );
  });
});
