import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockFolder, unlockFolder } from './lock.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ringtmp-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a folder is one living process’s at a time', async () => {
  expect(await lockFolder(folder)).toBeUndefined();
  expect(await lockFolder(folder)).toBe(process.pid);
  await unlockFolder(folder);
  expect(await readdir(folder)).toEqual([]);
  await writeFile(join(folder, 'lock'), `${process.ppid}\n`);
  expect(await lockFolder(folder)).toBe(process.ppid);
});

test.each([
  ['of a process that is gone', () => String(spawnSync(process.execPath, ['--version']).pid)],
  ['of a process before this one that had the same id', () => String(process.pid)],
  ['that was torn', () => ''],
])('a lock %s counts for nothing', async (_, content) => {
  const path = join(folder, 'lock');
  await writeFile(path, content());
  await utimes(path, 0, 0);
  expect(await lockFolder(folder)).toBeUndefined();
  expect(await lockFolder(folder)).toBe(process.pid);
  await unlockFolder(folder);
});

test('while another process removes a stale lock, its own is waited for and stays', async () => {
  const path = join(folder, 'lock');
  await writeFile(path, '');
  await utimes(path, 0, 0);
  await writeFile(`${path}.removing`, '');
  const taken = lockFolder(folder);
  await writeFile(path, `${process.ppid}\n`);
  await rm(`${path}.removing`);
  expect(await taken).toBe(process.ppid);
});

test('who dies while it removes a stale lock is in nobody’s way', async () => {
  const path = join(folder, 'lock');
  for (const left of [path, `${path}.removing`]) {
    await writeFile(left, '');
    await utimes(left, 0, 0);
  }
  expect(await lockFolder(folder)).toBeUndefined();
  expect(await readdir(folder)).toEqual(['lock']);
  await unlockFolder(folder);
});

test('a lock that is being made is waited for', async () => {
  const path = join(folder, 'lock');
  await writeFile(path, '');
  const taken = lockFolder(folder);
  await writeFile(path, `${process.ppid}\n`);
  expect(await taken).toBe(process.ppid);
});
