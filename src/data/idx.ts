// IDX, the format of MNIST and its kin (yann.lecun.com/exdb/mnist): two zero bytes, a type, the
// number of axes, each axis as a big-endian uint32, then the elements. Plain or gzip; only unsigned
// bytes, which is what images and class labels are.

import type { FileHandle } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { RingError } from '../errors.ts';
import { elementCount } from '../graph/graph.ts';
import type { Dataset } from '../ports.ts';
import { openDataFile } from './files.ts';
import { fileStore, memoryLimitBytes, writeStore, type Store } from './store.ts';

/** One array of unsigned bytes, readable by its first axis. */
export interface IdxArray {
  readonly path: string;
  readonly shape: readonly number[];
  /** Rows along the first axis, at `indices`. */
  rows(indices: ArrayLike<number>): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Opens one IDX file. `key` names it in errors. Errors: DATA. */
export async function openIdx(key: string, file: string, baseFolder: string): Promise<IdxArray> {
  const { handle, path, byteLength } = await openDataFile(key, file, baseFolder);
  const store = await openBytes(handle, byteLength, path);
  try {
    const { shape, headerBytes } = await readHeader(store, path);
    const [, ...rowShape] = shape;
    const rowBytes = elementCount(rowShape);
    return {
      path,
      shape,
      rows: (indices) => store.rows(headerBytes, rowBytes, indices),
      close: () => store.close(),
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** The file's bytes, decompressed where they are gzip: a copy of the file when small, the file itself when large. */
async function openBytes(handle: FileHandle, byteLength: number, path: string): Promise<Store> {
  const magic = new Uint8Array(2);
  await handle.read(magic, 0, 2, 0);
  const compressed = magic[0] === 0x1f && magic[1] === 0x8b;
  if (!compressed && byteLength > memoryLimitBytes) return fileStore(handle, byteLength);
  const writer = writeStore();
  const source = handle.createReadStream({ start: 0, autoClose: false });
  const bytes = compressed ? source.pipe(createGunzip({ chunkSize: 2 ** 18 })) : source;
  source.on('error', (error) => bytes.destroy(error));
  try {
    let declared: number | undefined;
    let arrived = 0;
    for await (const chunk of bytes as AsyncIterable<Buffer>) {
      // The first chunk holds the header; what it promises bounds what is taken.
      declared ??= declaredBytes(chunk);
      arrived += chunk.length;
      await writer.append(chunk);
      if (arrived > declared) break;
    }
  } catch (cause) {
    await writer.discard();
    if (cause instanceof RingError) throw cause;
    throw new RingError(
      'DATA',
      `${path} is truncated or damaged (${(cause as Error).message}); fetch it again`,
      { cause },
    );
  } finally {
    source.destroy();
    await handle.close();
  }
  return writer.finish();
}

/** Bytes of the whole file by its header; 0 when there is no sound header (readHeader says what is wrong). */
function declaredBytes(start: Uint8Array): number {
  const header = parseHeader(start);
  return typeof header === 'string' ? 0 : header.headerBytes + elementCount(header.shape);
}

interface IdxHeader {
  readonly shape: readonly number[];
  readonly headerBytes: number;
}

/** The header at the start of a file, or what is wrong with it. */
function parseHeader(start: Uint8Array): IdxHeader | string {
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  if (start.length < 4 || view.getUint16(0) !== 0) {
    return 'is not an IDX file (it does not begin with two zero bytes)';
  }
  if (view.getUint8(2) !== 0x08) {
    return `has elements of type 0x${view.getUint8(2).toString(16).padStart(2, '0')}, only unsigned bytes (0x08) can be read`;
  }
  const axes = view.getUint8(3);
  if (axes < 1 || axes > 4) return `has ${axes} axes, from 1 to 4 are expected`;
  const headerBytes = 4 + 4 * axes;
  if (start.length < headerBytes) return 'ends within its header';
  const shape = Array.from({ length: axes }, (_, axis) => view.getUint32(4 + 4 * axis));
  if (shape.includes(0)) return `has shape [${shape.join(', ')}], which holds nothing`;
  return { shape, headerBytes };
}

async function readHeader(store: Store, path: string): Promise<IdxHeader> {
  const start = await store.rows(0, Math.min(store.byteLength, 20), [0]);
  const header = parseHeader(start);
  if (typeof header === 'string') throw new RingError('DATA', `${path} ${header}`);
  const expected = header.headerBytes + elementCount(header.shape);
  if (store.byteLength !== expected) {
    const found =
      store.byteLength < expected
        ? `is truncated: ${store.byteLength} bytes`
        : `has more bytes than its header says: ${store.byteLength} or more`;
    throw new RingError(
      'DATA',
      `${path} ${found}, but shape [${header.shape.join(', ')}] needs ${expected}; fetch it again`,
    );
  }
  return header;
}

/**
 * Images [n, h, w] (or [n, c, h, w], or rows [n, columns]) scaled to 0..1, with labels [n] as classes
 * where there are labels. Closing it closes both arrays. Errors: DATA.
 */
export function idxDataset(
  images: IdxArray,
  labels: IdxArray | undefined,
  classes: readonly string[],
): Dataset {
  const [count = 0, ...axes] = images.shape;
  const inputShape = axes.length === 2 ? [1, ...axes] : axes;
  if (axes.length === 0) {
    throw new RingError(
      'DATA',
      `data.images: ${images.path} has one axis, as labels have; name the file with the images`,
    );
  }
  if (labels && (labels.shape.length !== 1 || labels.shape[0] !== count)) {
    throw new RingError(
      'DATA',
      `data.labels: ${labels.path} has shape [${labels.shape.join(', ')}], but ${images.path} needs [${count}] labels, one an image`,
    );
  }
  return {
    count,
    inputShape,
    ...(labels && { target: { type: 'int32', shape: [] }, classes }),
    async read(indices) {
      const [bytes, classOf] = await Promise.all([images.rows(indices), labels?.rows(indices)]);
      const inputs = new Float32Array(bytes.length);
      for (let i = 0; i < bytes.length; i++) inputs[i] = (bytes[i] as number) / 255;
      return { inputs, ...(classOf && { targets: Int32Array.from(classOf) }) };
    },
    async close() {
      await images.close();
      await labels?.close();
    },
  };
}

/** The largest label of a file of labels, and where it stands. */
export async function largestLabel(
  labels: IdxArray,
): Promise<{ readonly label: number; readonly index: number }> {
  const count = labels.shape[0] as number;
  let largest = { label: -1, index: 0 };
  for (let start = 0; start < count; start += 2 ** 16) {
    const length = Math.min(2 ** 16, count - start);
    const part = await labels.rows(Array.from({ length }, (_, i) => start + i));
    part.forEach((label, i) => {
      if (label > largest.label) largest = { label, index: start + i };
    });
  }
  return largest;
}
