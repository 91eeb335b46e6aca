import { afterEach, beforeEach, expect, test } from 'vitest';

import { createInlineEngine } from '../engine/inline.ts';
import type { Payload } from '../node.ts';
import type { Engine } from '../ports.ts';
import type { TensorPayload } from '../protocol/messages.ts';
import { Versions } from './versions.ts';

let engine: Engine;
beforeEach(async () => {
  engine = await createInlineEngine();
});
afterEach(() => engine.close());

const types = [{ name: 'w', type: { type: 'float32', shape: [1] } } as const];
const bytes = (value: number): Uint8Array => new Uint8Array(Float32Array.of(value).buffer);
const valueOf = (payload: Payload): number =>
  new Float32Array((payload as TensorPayload).tensors[0]!.bytes.slice().buffer)[0]!;

async function update(versions: Versions, value: number): Promise<void> {
  const next = versions.take();
  await engine.write(next.tensors.get('w')!, bytes(value));
  versions.replace(next);
}

test('what is read stays as it was, whatever comes after', async () => {
  const versions = new Versions(engine, types);
  const read: Payload[] = [];
  for (const value of [1, 2, 3, 4]) {
    await update(versions, value);
    read.push(await versions.payload());
  }
  expect(read.map(valueOf)).toEqual([1, 2, 3, 4]);
});

test('a place is used again when its last reader has released it', async () => {
  const versions = new Versions(engine, types);
  await update(versions, 1);
  const [first, second] = [await versions.payload(), await versions.payload()];
  await update(versions, 2);
  first.release!();
  await update(versions, 3);
  const bytesBefore = engine.allocatedBytes;
  expect(valueOf(second)).toBe(1);
  second.release!();
  for (const value of [4, 5, 6]) await update(versions, value);
  expect(engine.allocatedBytes).toBe(bytesBefore);
});

test('a version that was given back replaces nothing', async () => {
  const versions = new Versions(engine, types);
  await update(versions, 1);
  versions.giveBack(versions.take());
  expect(valueOf(await versions.payload())).toBe(1);
});
