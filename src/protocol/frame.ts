// A frame: the bytes of one message, whatever it says. A fixed prefix that any version can read, a
// header in JSON for the few small fields, then the tensors' bytes as they lie in memory. Nothing of
// a frame is believed before it was held against the frame's own length, so that decoding allocates
// no more than the header's text: tensors are views into the frame.
//
//   0 'RTMP' | 4 wire version u16 | 6 type u16 | 8 generation u32 | 12 header's bytes u32 | 16 header
//   then each tensor from the next multiple of 8 on. Integers are little-endian.

import { RingError } from '../errors.ts';
import { byteLength } from '../graph/graph.ts';
import type { TensorType } from '../graph/graph.ts';

/** The version of everything that travels; nodes of two versions do not work together. */
export const wireVersion = 1;

/** 'RTMP', read as a big-endian integer. */
export const frameMagic = 0x52544d50;

export const prefixBytes = 16;

const maximumHeaderBytes = 4 << 20;
const maximumTensors = 4096;
const maximumNameLength = 256;
const maximumRank = 8;
const alignment = 8;

/** A tensor on its way: its name, its type and its bytes. */
export interface NamedTensor {
  readonly name: string;
  readonly type: TensorType;
  /** As many as the type says, little-endian. */
  readonly bytes: Uint8Array;
}

export interface Frame {
  /** What kind of message this is (messages.ts). */
  readonly type: number;
  /** Which forming of the ring it belongs to. */
  readonly generation: number;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly tensors: readonly NamedTensor[];
}

interface Header {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly tensors: readonly { readonly name: string; readonly type: TensorType }[];
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const padding = new Uint8Array(alignment);

const aligned = (offset: number): number => Math.ceil(offset / alignment) * alignment;

/** The frame's bytes in parts; the tensors' own bytes are among them, not copied. Errors: PROTOCOL. */
export function encodeFrame(frame: Frame): Uint8Array[] {
  const header = encoder.encode(
    JSON.stringify({
      fields: frame.fields,
      tensors: frame.tensors.map(({ name, type }) => ({ name, type })),
    } satisfies Header),
  );
  if (header.length > maximumHeaderBytes)
    throw refusal(`a header of ${header.length} bytes, more than ${maximumHeaderBytes}`);
  checkTensorCount(frame.tensors.length);

  const headerEnd = prefixBytes + header.length;
  const first = new Uint8Array(frame.tensors.length > 0 ? aligned(headerEnd) : headerEnd);
  const view = new DataView(first.buffer);
  view.setUint32(0, frameMagic);
  view.setUint16(4, wireVersion, true);
  view.setUint16(6, frame.type, true);
  view.setUint32(8, frame.generation, true);
  view.setUint32(12, header.length, true);
  first.set(header, prefixBytes);

  const parts: Uint8Array[] = [first];
  let end = first.length;
  for (const tensor of frame.tensors) {
    checkTensor(tensor);
    if (tensor.bytes.length !== byteLength(tensor.type)) {
      throw refusal(`"${tensor.name}" with ${tensor.bytes.length} bytes, not as its shape says`);
    }
    if (aligned(end) > end) parts.push(padding.subarray(0, aligned(end) - end));
    parts.push(tensor.bytes);
    end = aligned(end) + tensor.bytes.length;
  }
  return parts;
}

/**
 * Reads a frame; the tensors' bytes are views into it, on multiples of 8 from its start.
 * Errors: VERSION for a peer of another version, PROTOCOL for anything malformed.
 */
export function decodeFrame(bytes: Uint8Array): Frame {
  if (bytes.length < prefixBytes) throw refusal(`${bytes.length} bytes, less than a prefix`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0) !== frameMagic) throw refusal('something that does not begin with RTMP');
  requireWireVersion(view.getUint16(4, true));

  const headerEnd = prefixBytes + view.getUint32(12, true);
  if (headerEnd > bytes.length || headerEnd - prefixBytes > maximumHeaderBytes) {
    throw refusal(`a header of ${headerEnd - prefixBytes} bytes in ${bytes.length} bytes`);
  }
  const header = readHeader(bytes.subarray(prefixBytes, headerEnd));

  let end = headerEnd;
  const tensors = header.tensors.map(({ name, type }): NamedTensor => {
    const start = aligned(end);
    end = start + byteLength(type);
    if (!(end <= bytes.length)) throw refusal(`"${name}", which is larger than its frame`);
    return { name, type, bytes: bytes.subarray(start, end) };
  });
  if (end !== bytes.length) throw refusal(`${bytes.length - end} bytes after its last tensor`);

  const type = view.getUint16(6, true);
  const generation = view.getUint32(8, true);
  return { type, generation, fields: header.fields, tensors };
}

/** Refuses a peer of another version. Errors: VERSION. */
export function requireWireVersion(version: number): void {
  if (version === wireVersion) return;
  throw new RingError(
    'VERSION',
    `the peer speaks protocol version ${version}, this side speaks ${wireVersion}: ` +
      'install the same version of ringtmp on both',
  );
}

function readHeader(bytes: Uint8Array): Header {
  let header: unknown;
  try {
    header = JSON.parse(decoder.decode(bytes));
  } catch (cause) {
    throw refusal('a header that is not JSON', cause);
  }
  if (!isRecord(header) || !isRecord(header['fields']) || !Array.isArray(header['tensors'])) {
    throw refusal('a header without fields and tensors');
  }
  const { fields, tensors } = header as { fields: Record<string, unknown>; tensors: unknown[] };
  checkTensorCount(tensors.length);
  for (const tensor of tensors) checkTensor(tensor);
  return { fields, tensors: tensors as Header['tensors'] };
}

function checkTensorCount(count: number): void {
  if (count > maximumTensors) throw refusal(`${count} tensors, more than ${maximumTensors}`);
}

function checkTensor(tensor: unknown): void {
  if (!isRecord(tensor) || !isRecord(tensor['type'])) throw refusal('a tensor without a type');
  const { name } = tensor;
  const { type, shape } = tensor['type'];
  if (typeof name !== 'string' || name.length === 0 || name.length > maximumNameLength) {
    throw refusal('a tensor whose name is missing or too long');
  }
  if (type !== 'float32' && type !== 'int32') throw refusal(`"${name}" of an unknown type`);
  if (!Array.isArray(shape) || shape.length > maximumRank || !shape.every(isDimension)) {
    throw refusal(`"${name}" with a shape that is none`);
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isDimension = (value: unknown): boolean =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffffffff;

const refusal = (what: string, cause?: unknown): RingError =>
  new RingError(
    'PROTOCOL',
    `a frame holds ${what}: check that both sides run the same ringtmp`,
    cause === undefined ? undefined : { cause },
  );
