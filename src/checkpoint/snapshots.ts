// Copies of layers on disk, of one run: what a ring that lost a node goes back to. A copy is a file that
// holds the very frame in which it would travel; its name says step, layer and the file's checksum. So a
// file that was torn by a power cut, or rotted, is found out when it is read, and nothing need be forced
// to disk: an absent copy is asked for elsewhere.

import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

import { RingError } from '../errors.ts';
import { decodeMessage, encodeMessage } from '../protocol/codec.ts';
import type { TensorPayload } from '../protocol/messages.ts';

/** A layer as it is after so many steps of a run. */
interface SnapshotId {
  readonly run: string;
  readonly step: number;
  readonly layer: number;
}

/** What runtime/ calls a SnapshotStore. */
export interface DiskSnapshots {
  /** Errors: STORE. */
  keep(id: SnapshotId, payload: TensorPayload): Promise<void>;
  /** Undefined when there is no such copy, or a damaged one. */
  recall(id: SnapshotId): Promise<TensorPayload | undefined>;
  drop(run: string, before: number): Promise<void>;
  holdings(): Promise<{ run: string; holds: { step: number; layers: number[] }[] } | undefined>;
}

const namePattern = /^(\d{1,15})-(\d{1,6})-([0-9a-f]{8})$/;

const checksum = (parts: readonly Uint8Array[]): string =>
  parts
    .reduce((sum, part) => crc32(part, sum), 0)
    .toString(16)
    .padStart(8, '0');

/** Opens the copies of `run` in `folder`, which is made if need be, for nobody else to read. Errors: STORE. */
export async function openSnapshots(folder: string, run: string): Promise<DiskSnapshots> {
  await stored(folder, () => mkdir(folder, { recursive: true, mode: 0o700 }));
  /** By step and layer: the file's name. */
  const steps = new Map<number, Map<number, string>>();
  const note = (step: number, layer: number, name: string): void => {
    const layers = steps.get(step) ?? new Map<number, string>();
    steps.set(step, layers.set(layer, name));
  };
  for (const name of await stored(folder, () => readdir(folder))) {
    const [, step, layer] = namePattern.exec(name) ?? [];
    if (step !== undefined) note(Number(step), Number(layer), name);
    else if (name.endsWith('.partial')) await rm(join(folder, name), { force: true });
  }
  const remove = (name: string): Promise<void> => rm(join(folder, name), { force: true });

  return {
    async keep({ run: of, step, layer }, payload) {
      if (of !== run)
        throw new RingError('STORE', `copies of run ${of} have no place among those of run ${run}`);
      const parts = encodeMessage(0, { type: 'replica', step, layer, payload });
      const name = `${step}-${layer}-${checksum(parts)}`;
      const path = join(folder, name);
      await stored(folder, async () => {
        try {
          await writeFile(`${path}.partial`, parts, { mode: 0o600 });
          await rename(`${path}.partial`, path);
        } catch (error) {
          // On a full disk it takes the room of others.
          await remove(`${name}.partial`);
          throw error;
        }
      });
      const before = steps.get(step)?.get(layer);
      note(step, layer, name);
      if (before !== undefined && before !== name) await remove(before);
    },
    async recall({ run: of, step, layer }) {
      const name = steps.get(step)?.get(layer);
      if (of !== run || name === undefined) return undefined;
      const file = await readFile(join(folder, name)).catch(() => undefined);
      const payload = file && name.endsWith(checksum([file])) ? payloadOf(file) : undefined;
      if (payload) return payload;
      steps.get(step)!.delete(layer);
      await remove(name);
      return undefined;
    },
    async drop(of, before) {
      if (of !== run) return;
      for (const [step, layers] of steps) {
        if (step >= before) continue;
        steps.delete(step);
        for (const name of layers.values()) await remove(name);
      }
    },
    holdings() {
      const holds = [...steps]
        .map(([step, layers]) => ({ step, layers: [...layers.keys()] }))
        .filter(({ layers }) => layers.length > 0);
      return Promise.resolve(holds.length > 0 ? { run, holds } : undefined);
    },
  };
}

/** Undefined when another version wrote it. */
function payloadOf({ buffer, byteOffset, length }: Buffer): TensorPayload | undefined {
  try {
    const { message } = decodeMessage(new Uint8Array(buffer, byteOffset, length));
    return message.type === 'replica' ? message.payload : undefined;
  } catch {
    return undefined;
  }
}

async function stored<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new RingError(
      'STORE',
      `copies of layers cannot be kept in ${folder}: ${(cause as Error).message}; make room, or keep them in memory with --replicas memory`,
      { cause },
    );
  }
}
