// Where a worker keeps its copies of layers: in memory, or in a folder of its own in the user's cache, so
// that they outlast the process. A worker that comes back to the same run finds what it, or another of
// this user that is gone, kept of it; what nobody came back for within a day is removed.

import { lstat, mkdir, readdir, rm, rmdir } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

import { lockFolder, unlockFolder } from '../checkpoint/lock.ts';
import { openSnapshots } from '../checkpoint/snapshots.ts';
import { RingError } from '../errors.ts';
import { memorySnapshots } from '../runtime/snapshots.ts';
import type { SnapshotStore } from '../runtime/snapshots.ts';
import { spilling } from './spilling-copies.ts';

/** Where copies of layers are kept. */
export type Replicas = 'disk' | 'memory';

export interface WorkerCopies {
  readonly store: SnapshotStore;
  /** `isOver`: nobody will ask for them any more. */
  release(isOver: boolean): Promise<void>;
}

const staleMilliseconds = 24 * 60 * 60 * 1000;

/** Takes a folder for copies of `run`, with what is in it. Errors: STORE. */
export async function claimCopies(run: string, replicas: Replicas): Promise<WorkerCopies> {
  if (replicas === 'memory') return { store: memorySnapshots(), release: () => Promise.resolve() };
  const root = await privateFolder();
  const folder = await claimFolder(root, run).catch((cause: Error) => {
    throw new RingError(
      'STORE',
      `copies of layers cannot be kept in ${root}: ${cause.message}; make room, or keep them in memory with --replicas memory`,
      { cause },
    );
  });
  return {
    store: spilling(await openSnapshots(folder, run), (reason) =>
      process.stderr.write(`ringtmp: ${reason}; until there is room they are in memory\n`),
    ),
    async release(isOver) {
      if (isOver) await rm(folder, { recursive: true, force: true });
      await unlockFolder(folder);
      // It stays if there are copies in it.
      await rmdir(folder).catch(() => undefined);
    },
  };
}

async function claimFolder(root: string, run: string): Promise<string> {
  await sweep(root);
  for (let k = 0; ; k += 1) {
    const folder = join(root, `${run}-${k}`);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    if ((await lockFolder(folder)) === undefined) return folder;
  }
}

/** In the user's cache; without a home that can be written to, in the folder for temporary files. */
async function privateFolder(): Promise<string> {
  const folders = [
    join(cacheFolder(), 'ringtmp', 'copies'),
    join(tmpdir(), `ringtmp-${process.getuid?.() ?? ''}`),
  ];
  for (const folder of folders) {
    const isThere = await mkdir(folder, { recursive: true, mode: 0o700 }).then(
      () => true,
      () => false,
    );
    if (isThere && (await isPrivate(folder))) return folder;
  }
  throw new RingError(
    'STORE',
    `copies of layers cannot be kept in ${folders.join(' or ')}: make one of them writable for this user alone, or keep them in memory with --replicas memory`,
  );
}

function cacheFolder(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (process.platform === 'win32' && LOCALAPPDATA) return LOCALAPPDATA;
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches');
  return XDG_CACHE_HOME || join(homedir(), '.cache');
}

/** In a folder for temporary files, anyone may have made one of this name. */
async function isPrivate(folder: string): Promise<boolean> {
  const status = await lstat(folder);
  if (process.getuid === undefined) return status.isDirectory();
  return status.isDirectory() && status.uid === process.getuid() && (status.mode & 0o077) === 0;
}

async function sweep(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    const folder = join(root, name);
    const status = await lstat(folder).catch(() => undefined);
    if (!status?.isDirectory() || Date.now() - status.mtimeMs < staleMilliseconds) continue;
    if ((await lockFolder(folder)) !== undefined) continue;
    await rm(folder, { recursive: true, force: true });
    await unlockFolder(folder);
  }
}
