// The header of a safetensors file: names, types, shapes and offsets as JSON. Written here, and, when
// read, checked as if it came from an enemy: nothing may overlap, leave a gap or end elsewhere than
// the file does.

import { byteLength, type ElementType, type TensorType } from '../graph/graph.ts';

export type Metadata = Readonly<Record<string, string>>;

/** What is wrong with a file, to be told with its path. */
export class Malformed extends Error {}

const dtypeOf: Readonly<Record<ElementType, string>> = { float32: 'F32', int32: 'I32' };
const typeOf: Readonly<Record<string, ElementType>> = { F32: 'float32', I32: 'int32' };

/** The first bytes of a file, and where each tensor begins behind them, in the order given. */
export function layOut(
  tensors: ReadonlyMap<string, TensorType>,
  metadata: Metadata,
): { readonly header: Uint8Array; readonly offsets: ReadonlyMap<string, number> } {
  const offsets = new Map<string, number>();
  const entries: [string, unknown][] = [['__metadata__', metadata]];
  let end = 0;
  for (const [name, type] of tensors) {
    const start = end;
    end += byteLength(type);
    offsets.set(name, start);
    entries.push([
      name,
      { dtype: dtypeOf[type.type], shape: type.shape, data_offsets: [start, end] },
    ]);
  }
  const json = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  // Spaces bring the tensors to a multiple of 8.
  const header = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, ' ');
  header.writeBigUInt64LE(BigInt(header.length - 8));
  json.copy(header, 8);
  return { header, offsets };
}

export interface CheckedHeader {
  readonly metadata: Metadata;
  readonly tensors: ReadonlyMap<string, TensorType>;
  readonly offsets: ReadonlyMap<string, number>;
}

/** The tensors must fill `dataBytes` from front to back, without a gap or an overlap. */
export function checkHeader(header: unknown, dataBytes: number): CheckedHeader {
  if (!isRecord(header)) throw new Malformed('its header is not an object');
  let metadata: Metadata = {};
  const found: { name: string; type: TensorType; start: number; end: number }[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') metadata = checkMetadata(value);
    else found.push({ name, ...checkEntry(name, value) });
  }
  found.sort((a, b) => a.start - b.start || a.end - b.end);
  let end = 0;
  for (const tensor of found) {
    if (tensor.start !== end) {
      throw new Malformed(`tensor ${tensor.name} begins at ${tensor.start}, not at ${end}`);
    }
    end = tensor.end;
  }
  if (end !== dataBytes) {
    throw new Malformed(`its tensors take ${end} bytes, but ${dataBytes} follow the header`);
  }
  return {
    metadata,
    tensors: new Map(found.map(({ name, type }) => [name, type])),
    offsets: new Map(found.map(({ name, start }) => [name, start])),
  };
}

function checkEntry(
  name: string,
  value: unknown,
): { readonly type: TensorType; readonly start: number; readonly end: number } {
  const { dtype, shape, data_offsets: offsets } = isRecord(value) ? value : {};
  const type =
    typeof dtype === 'string' && Object.hasOwn(typeOf, dtype) ? typeOf[dtype] : undefined;
  if (!type) throw new Malformed(`tensor ${name} is of type ${String(dtype)}, not F32 or I32`);
  if (!isSizes(shape)) throw new Malformed(`tensor ${name} has no sound shape`);
  if (!isSizes(offsets) || offsets.length !== 2) {
    throw new Malformed(`tensor ${name} has no sound offsets`);
  }
  const [start, end] = offsets as [number, number];
  if (byteLength({ type, shape }) !== end - start) {
    throw new Malformed(`tensor ${name} of shape [${shape.join(', ')}] has ${end - start} bytes`);
  }
  return { type: { type, shape }, start, end };
}

function checkMetadata(value: unknown): Metadata {
  if (isRecord(value) && Object.values(value).every((text) => typeof text === 'string')) {
    return value as Metadata;
  }
  throw new Malformed('its metadata are not all strings');
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isSizes = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
