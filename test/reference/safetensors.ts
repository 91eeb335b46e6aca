// Reads a golden vector: the tensors of a safetensors file and what its metadata says about the case.

import { readFileSync } from 'node:fs';

export interface GoldenTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

export interface Golden {
  readonly tensors: Readonly<Record<string, GoldenTensor>>;
  /** The description of the case (the metadata's `case`, as JSON). */
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly case: any;
}

/** The golden file `name`, e.g. `layer-dense`. int64 becomes int32. */
export function readGolden(name: string): Golden {
  const bytes = readFileSync(new URL(`../golden/${name}.safetensors`, import.meta.url));
  const headerLength = Number(bytes.readBigUInt64LE(0));
  const { __metadata__: metadata, ...entries } = JSON.parse(
    bytes.toString('utf8', 8, 8 + headerLength),
  );
  const tensors = Object.entries(entries).map(([key, entry]) => {
    const {
      dtype,
      shape,
      data_offsets: [start, end],
    } = entry as {
      dtype: string;
      shape: number[];
      data_offsets: [number, number];
    };
    const from = 8 + headerLength;
    const data = bytes.buffer.slice(bytes.byteOffset + from + start, bytes.byteOffset + from + end);
    return [key, { shape, data: decode(dtype, data) }];
  });
  return { tensors: Object.fromEntries(tensors), case: JSON.parse(metadata?.case ?? 'null') };
}

function decode(dtype: string, data: ArrayBufferLike): Float32Array | Int32Array {
  switch (dtype) {
    case 'F32':
      return new Float32Array(data);
    case 'F64':
      return Float32Array.from(new Float64Array(data));
    case 'I32':
      return new Int32Array(data);
    case 'I64':
      return Int32Array.from(new BigInt64Array(data), Number);
    default:
      throw new Error(`a golden file holds ${dtype}, which this reader does not know`);
  }
}
