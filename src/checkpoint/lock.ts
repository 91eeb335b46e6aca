// A file that says which process has a folder to itself. The system removes nothing when a process is
// killed, so the file of a process that is gone counts for nothing.

import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const held = new Set<string>();

/** Whoever makes the file writes into it at once: one that stays empty for longer was torn. */
const emptyMilliseconds = 1000;

const pathIn = (folder: string): string => join(folder, 'lock');

/** Takes a folder that is there for this process; otherwise gives the id of the living process that has it. */
export async function lockFolder(folder: string): Promise<number | undefined> {
  const path = pathIn(folder);
  for (;;) {
    try {
      await writeFile(path, `${process.pid}\n`, { flag: 'wx' });
      held.add(path);
      return undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
        await rm(path, { force: true });
        throw error;
      }
    }
    const content = await readFile(path, 'utf8').catch(() => '');
    if (content === '' && (await isNew(path))) {
      await setTimeout(20);
      continue;
    }
    const holder = Number(content);
    if (isAlive(holder, path)) return holder;
    await removeStale(path, content);
  }
}

/**
 * Removes a lock that still says `content`. One process at a time does so: what another has found out before that
 * may be about a lock that is gone, and the one it would remove somebody's who is alive.
 */
async function removeStale(path: string, content: string): Promise<void> {
  const removing = `${path}.removing`;
  try {
    await writeFile(removing, '', { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (await isNew(removing)) await setTimeout(20);
    else await rm(removing, { force: true });
    return;
  }
  try {
    const still = await readFile(path, 'utf8').catch(() => undefined);
    if (still === content) await rm(path, { force: true });
  } finally {
    await rm(removing, { force: true });
  }
}

async function isNew(path: string): Promise<boolean> {
  const status = await stat(path).catch(() => undefined);
  return status !== undefined && Math.abs(Date.now() - status.mtimeMs) < emptyMilliseconds;
}

export async function unlockFolder(folder: string): Promise<void> {
  held.delete(pathIn(folder));
  await rm(pathIn(folder), { force: true });
}

function isAlive(pid: number, path: string): boolean {
  // In a container, the process before this one may well have had the same id.
  if (pid === process.pid) return held.has(path);
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
