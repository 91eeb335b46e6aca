// Bytes that can be read by row: in memory while they are few, else in a file, so that a dataset of
// any size takes bounded memory. A store of its own making (a decompressed or parsed dataset) spills
// to a temporary file that has no name from the start: nothing is left behind, however the process ends.

import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RingError } from '../errors.ts';

/** Up to this many bytes a store stays in memory. */
export const memoryLimitBytes = 64 * 2 ** 20;

export interface Store {
  readonly byteLength: number;
  /** Rows of `rowBytes` bytes, row 0 at `start`, at `indices` in that order. */
  rows(start: number, rowBytes: number, indices: ArrayLike<number>): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** A store that is written once, from front to back. */
export interface StoreWriter {
  append(bytes: Uint8Array): Promise<void>;
  finish(): Promise<Store>;
  /** Gives up what was written. */
  discard(): Promise<void>;
}

export function memoryStore(bytes: Uint8Array): Store {
  return {
    byteLength: bytes.length,
    rows(start, rowBytes, indices) {
      const rows = new Uint8Array(indices.length * rowBytes);
      for (let row = 0; row < indices.length; row++) {
        const from = start + (indices[row] as number) * rowBytes;
        rows.set(bytes.subarray(from, from + rowBytes), row * rowBytes);
      }
      return Promise.resolve(rows);
    },
    close: () => Promise.resolve(),
  };
}

/** Reads from an open file of `byteLength` bytes; closes it when closed. */
export function fileStore(file: FileHandle, byteLength: number): Store {
  return {
    byteLength,
    async rows(start, rowBytes, indices) {
      const rows = new Uint8Array(indices.length * rowBytes);
      const reads: Promise<void>[] = [];
      for (let row = 0; row < indices.length;) {
        const first = indices[row] as number;
        let count = 1;
        while (row + count < indices.length && indices[row + count] === first + count) count++;
        const into = rows.subarray(row * rowBytes, (row + count) * rowBytes);
        reads.push(readExactly(file, into, start + first * rowBytes));
        row += count;
      }
      await Promise.all(reads);
      return rows;
    },
    close: () => file.close(),
  };
}

/** Fills `into` from `position` on. Errors: DATA when the file has become shorter. */
async function readExactly(file: FileHandle, into: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < into.length) {
    const { bytesRead } = await file.read(into, done, into.length - done, position + done);
    if (bytesRead === 0) {
      throw new RingError(
        'DATA',
        'a data file became shorter while it was read: leave it as it is',
      );
    }
    done += bytesRead;
  }
}

/** Starts an empty store, in memory up to `limitBytes`, in an unnamed temporary file beyond. */
export function writeStore(limitBytes = memoryLimitBytes): StoreWriter {
  let pieces: Uint8Array[] = [];
  let pieceBytes = 0;
  let file: FileHandle | undefined;
  let fileBytes = 0;

  async function spill(): Promise<void> {
    file ??= await openUnnamedFile();
    await writeAll(file, pieces);
    fileBytes += pieceBytes;
    pieces = [];
    pieceBytes = 0;
  }

  return {
    async append(bytes) {
      pieces.push(bytes);
      pieceBytes += bytes.length;
      if (pieceBytes > (file ? 2 ** 20 : limitBytes)) await spill();
    },
    async finish() {
      if (!file) return memoryStore(Buffer.concat(pieces));
      await spill();
      return fileStore(file, fileBytes);
    },
    discard: async () => file?.close(),
  };
}

async function writeAll(file: FileHandle, pieces: readonly Uint8Array[]): Promise<void> {
  try {
    for (const piece of pieces) {
      let done = 0;
      while (done < piece.length) done += (await file.write(piece, done)).bytesWritten;
    }
  } catch (cause) {
    throw new RingError(
      'STORE',
      `a dataset cannot be kept in ${tmpdir()}: ${(cause as Error).message}; free space there, or set TMPDIR to another folder`,
      { cause },
    );
  }
}

async function openUnnamedFile(): Promise<FileHandle> {
  const folder = await mkdtemp(join(tmpdir(), 'ringtmp-'));
  const file = await open(join(folder, 'data'), 'wx+', 0o600);
  await rm(folder, { recursive: true });
  return file;
}
