import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { tensorPayload } from '../protocol/messages.ts';
import { claimCopies } from './worker-copies.ts';

let cache = '';
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'ringtmp-test-'));
  vi.stubEnv('XDG_CACHE_HOME', cache);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(cache, { recursive: true });
});

const payload = tensorPayload([
  { name: 'x', type: { type: 'float32', shape: [1] }, bytes: Uint8Array.of(1, 2, 3, 4) },
]);
const id = { run: 'run', step: 3, layer: 1 };

test('copies in memory leave nothing on disk', async () => {
  const copies = await claimCopies('run', 'memory');
  await copies.store.keep(id, payload);
  await copies.release(false);
  expect(await readdir(cache)).toEqual([]);
});

test.runIf(process.platform === 'linux')(
  'who comes back finds what was kept; two at a time never the same',
  async () => {
    const folder = join(cache, 'ringtmp', 'copies');
    const first = await claimCopies('run', 'disk');
    await first.store.keep(id, payload);
    const second = await claimCopies('run', 'disk');
    expect(await second.store.holdings()).toBeUndefined();
    await first.release(false);
    const third = await claimCopies('run', 'disk');
    expect(await third.store.recall(id)).toEqual(payload);
    const other = await claimCopies('another', 'disk');
    expect(await other.store.holdings()).toBeUndefined();
    for (const claimed of [second, third, other]) await claimed.release(true);
    expect(await readdir(folder)).toEqual([]);
  },
);

test.runIf(process.platform === 'linux')(
  'what nobody came back for within a day is removed, but nothing that is in use',
  async () => {
    const used = await claimCopies('used', 'disk');
    const folder = join(cache, 'ringtmp', 'copies');
    const yesterday = new Date(Date.now() - 25 * 60 * 60 * 1000);
    for (const name of ['stale-0', 'fresh-0']) {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, '3-1-00000000'), '');
    }
    for (const name of ['stale-0', 'used-0'])
      await utimes(join(folder, name), yesterday, yesterday);
    const mine = await claimCopies('run', 'disk');
    expect((await readdir(folder)).toSorted((a, b) => a.localeCompare(b))).toEqual([
      'fresh-0',
      'run-0',
      'used-0',
    ]);
    for (const claimed of [used, mine]) await claimed.release(true);
  },
);

test.runIf(process.platform === 'linux' && process.getuid?.() !== undefined)(
  'without a cache that can be written to, copies are in the folder for temporary files',
  async () => {
    const file = join(cache, 'file');
    await writeFile(file, '');
    vi.stubEnv('XDG_CACHE_HOME', file);
    vi.stubEnv('TMPDIR', cache);
    const copies = await claimCopies('run', 'disk');
    expect(existsSync(join(cache, `ringtmp-${process.getuid!()}`, 'run-0'))).toBe(true);
    await copies.release(true);
  },
);
