// What a session (session.ts) puts on the connections under it: a hello on each new one, then
// segments. What a segment carries stands before the words about it, so that a frame begins where
// its memory does and its tensors lie as they were aligned.
//
//   segment: … what it carries | number u48 | kind u16 | acknowledged u48 | 0 u16 | left u32
//   hello:   kind u16 | received u48 | the session's id, 16 bytes
//   Integers are little-endian.

import { RingError } from '../errors.ts';

/** A frame; a piece of a larger one; or nothing but a sign of life and an acknowledgement. */
const segmentKinds = ['frame', 'piece', 'sign'] as const;

/** The first connection of a session; another; or no such session. */
const helloKinds = ['open', 'resume', 'unknown'] as const;

export const segmentTrailerBytes = 20;
export const sessionIdBytes = 16;
const helloBytes = 8 + sessionIdBytes;

export interface SegmentTrailer {
  readonly kind: (typeof segmentKinds)[number];
  /** Of the frame or piece, counted from 1 in each direction; of the last one, for a sign. */
  readonly number: number;
  /** All that came from the other side up to this number has arrived. */
  readonly acknowledged: number;
  /** How many bytes of the frame follow this piece. */
  readonly left: number;
}

export interface Segment extends SegmentTrailer {
  /** A view into the segment, from its beginning. */
  readonly carried: Uint8Array;
}

export interface Hello {
  readonly kind: (typeof helloKinds)[number];
  /** The number up to which this side has received. */
  readonly received: number;
  readonly id: Uint8Array;
}

/** What follows the bytes that a segment carries. */
export function encodeTrailer({ kind, number, acknowledged, left }: SegmentTrailer): Uint8Array {
  const trailer = new Uint8Array(segmentTrailerBytes);
  const view = viewOf(trailer);
  writeNumber(view, 0, number);
  view.setUint16(6, segmentKinds.indexOf(kind), true);
  writeNumber(view, 8, acknowledged);
  view.setUint32(16, left, true);
  return trailer;
}

/** Errors: PROTOCOL. */
export function decodeSegment(segment: Uint8Array): Segment {
  const end = segment.length - segmentTrailerBytes;
  if (end < 0) throw refusal(`a segment of ${segment.length} bytes`);
  const view = viewOf(segment);
  const kind = segmentKinds[view.getUint16(end + 6, true)];
  if (kind === undefined) throw refusal('a segment of an unknown kind');
  const left = view.getUint32(end + 16, true);
  if (view.getUint16(end + 14, true) !== 0 || (kind !== 'piece' && left !== 0))
    throw refusal('a segment that contradicts itself');
  if (kind === 'sign' && end !== 0) throw refusal('a sign of life that carries something');
  return {
    kind,
    number: readNumber(view, end),
    acknowledged: readNumber(view, end + 8),
    left,
    carried: segment.subarray(0, end),
  };
}

export function encodeHello({ kind, received, id }: Hello): Uint8Array {
  const hello = new Uint8Array(helloBytes);
  const view = viewOf(hello);
  view.setUint16(0, helloKinds.indexOf(kind), true);
  writeNumber(view, 2, received);
  hello.set(id, 8);
  return hello;
}

/** Errors: PROTOCOL. */
export function decodeHello(hello: Uint8Array): Hello {
  if (hello.length !== helloBytes) throw refusal(`a hello of ${hello.length} bytes`);
  const view = viewOf(hello);
  const kind = helloKinds[view.getUint16(0, true)];
  if (kind === undefined) throw refusal('a hello of an unknown kind');
  return { kind, received: readNumber(view, 2), id: hello.slice(8) };
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);

function writeNumber(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % 2 ** 32, true);
  view.setUint16(at + 4, Math.floor(value / 2 ** 32), true);
}

const readNumber = (view: DataView, at: number): number =>
  view.getUint32(at, true) + view.getUint16(at + 4, true) * 2 ** 32;

const refusal = (what: string): RingError =>
  new RingError('PROTOCOL', `a session holds ${what}: check that both sides run the same ringtmp`);
