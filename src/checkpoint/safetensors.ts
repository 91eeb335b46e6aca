// The safetensors format (github.com/huggingface/safetensors): eight bytes of header length, a JSON
// header of names, types, shapes and offsets, then the tensors' bytes without gaps. The header is
// written first, so tensors may come in any order, one at a time, in bounded memory; a file takes
// its name only when it is whole.

import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { RingError } from '../errors.ts';
import { byteLength, type TensorType } from '../graph/graph.ts';
import { checkHeader, layOut, Malformed, type Metadata } from './safetensors-header.ts';

export type { Metadata } from './safetensors-header.ts';

export interface SafetensorsWriter {
  /** Writes one tensor's bytes (little-endian); each is written once, in any order. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** Checks that every tensor was written and brings the bytes to disk, still as `PATH.partial`. */
  finish(): Promise<void>;
  /** Gives the finished file its name, in place of an older one. */
  publish(): Promise<void>;
  /** Gives up and removes what was written. */
  discard(): Promise<void>;
}

export interface SafetensorsReader {
  readonly path: string;
  readonly metadata: Metadata;
  readonly tensors: ReadonlyMap<string, TensorType>;
  /** One tensor's bytes. Errors: RUN where there is none of this name. */
  read(name: string): Promise<Uint8Array>;
  close(): Promise<void>;
}

export const partialPath = (path: string): string => `${path}.partial`;

/** The format's own bound. */
const maximumHeaderBytes = 100_000_000;
/** Reads and writes of 2 GiB and more are refused by the system. */
const maximumTransferBytes = 2 ** 30;

/** Begins `PATH.partial` with a header for `tensors`, laid out in their order. Errors: STORE. */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, TensorType>,
  metadata: Metadata,
): Promise<SafetensorsWriter> {
  const { header, offsets } = layOut(tensors, metadata);
  const partial = partialPath(path);
  const file = await stored(path, () => open(partial, 'w'));
  const missing = new Set(tensors.keys());
  await stored(path, () => writeAt(file, header, 0));
  return {
    async write(name, bytes) {
      const type = tensors.get(name);
      if (!type || byteLength(type) !== bytes.length || !missing.delete(name)) {
        throw new RingError(
          'STORE',
          `${path}: ${bytes.length} bytes for tensor ${name} were not expected (again); its header says ${JSON.stringify(type)}`,
        );
      }
      const start = header.length + (offsets.get(name) as number);
      await stored(path, () => writeAt(file, bytes, start));
    },
    async finish() {
      if (missing.size > 0) {
        throw new RingError('STORE', `${path}: ${[...missing].join(', ')} were never written`);
      }
      await stored(path, async () => {
        await file.sync();
        await file.close();
      });
    },
    publish: () => stored(path, () => rename(partial, path)),
    async discard() {
      await file.close();
      await rm(partial, { force: true });
    },
  };
}

/** Opens a file and checks its header against its length before anything in it is believed. Errors: RUN. */
export async function readSafetensors(path: string): Promise<SafetensorsReader> {
  const file = await open(path).catch((cause: unknown) => {
    throw new RingError('RUN', `${path} cannot be read: ${(cause as Error).message}`, { cause });
  });
  try {
    const { size } = await file.stat();
    const { header, headerBytes } = await sound(path, () => readHeader(file, size));
    const { metadata, tensors, offsets } = await sound(path, () =>
      checkHeader(header, size - headerBytes),
    );
    return {
      path,
      metadata,
      tensors,
      async read(name) {
        const type = tensors.get(name);
        if (!type) throw new RingError('RUN', `${path} holds no tensor ${name}`);
        const start = headerBytes + (offsets.get(name) as number);
        return sound(path, () => readAt(file, start, byteLength(type)));
      },
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Turns what is found to be malformed into a RUN error that names `path`. */
async function sound<T>(path: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof Malformed)) throw cause;
    throw new RingError(
      'RUN',
      `${path} is not a sound safetensors file: ${cause.message}; it is damaged or of another kind`,
      { cause },
    );
  }
}

async function readHeader(
  file: FileHandle,
  size: number,
): Promise<{ readonly header: unknown; readonly headerBytes: number }> {
  if (size < 8) throw new Malformed(`it has ${size} bytes, at least 8 are needed`);
  const length = Number(Buffer.from(await readAt(file, 0, 8)).readBigUInt64LE());
  if (length > Math.min(maximumHeaderBytes, size - 8)) {
    throw new Malformed(`its header would take ${length} of its ${size} bytes`);
  }
  try {
    const json = new TextDecoder('utf-8', { fatal: true }).decode(await readAt(file, 8, length));
    return { header: JSON.parse(json), headerBytes: 8 + length };
  } catch {
    throw new Malformed('its header is not JSON');
  }
}

async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const length = Math.min(bytes.length - done, maximumTransferBytes);
    done += (await file.write(bytes, done, length, position + done)).bytesWritten;
  }
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const wanted = Math.min(length - done, maximumTransferBytes);
    const { bytesRead } = await file.read(bytes, done, wanted, position + done);
    if (bytesRead === 0) throw new Malformed('it became shorter while it was read');
    done += bytesRead;
  }
  return bytes;
}

/** Runs a file operation; a failure becomes a STORE error that names `path`. */
async function stored<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new RingError('STORE', `${path} cannot be written: ${(cause as Error).message}`, {
      cause,
    });
  }
}
