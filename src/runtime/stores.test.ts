import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { openSnapshots } from '../checkpoint/snapshots.ts';
import { tensorPayload } from '../protocol/messages.ts';
import { Stores } from './stores.ts';

const bytes = new Uint8Array(1 << 16);
const weight = { name: '0.weight', type: { type: 'float32', shape: [1 << 14] }, bytes } as const;
const copy = { run: 'a', layer: 0, payload: tensorPayload([weight]) };

test('a copy may be kept, asked for and dropped while it is still being kept for a ring before', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ringtmp-stores-'));
  const stores = new Stores(undefined, await openSnapshots(folder, 'a'));
  const events = await Promise.all([
    stores.carryOut({ type: 'keep', step: 4, ...copy }),
    stores.carryOut({ type: 'keep', step: 4, ...copy }),
    stores.carryOut({ type: 'recall', run: 'a', step: 4, layer: 0 }),
    stores.carryOut({ type: 'drop', run: 'a', before: 6 }),
    stores.carryOut({ type: 'recall', run: 'a', step: 4, layer: 0 }),
  ]);
  const kept = { type: 'kept', step: 4, layer: 0 };
  const recalled = { type: 'recalled', step: 4, layer: 0 };
  const payload = expect.objectContaining({ bytes: bytes.length });
  expect(events).toEqual([kept, kept, { ...recalled, payload }, undefined, recalled]);
  await rm(folder, { recursive: true });
});
