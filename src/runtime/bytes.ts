// Numbers as the bytes they are: views, never copies.

export const bytesOf = ({
  buffer,
  byteOffset,
  byteLength,
}: Float32Array | Int32Array): Uint8Array => new Uint8Array(buffer, byteOffset, byteLength);
